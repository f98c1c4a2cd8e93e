@testable import HTTPDelivery
import Testing
import TomboloPorts

@Suite("HTTPDate")
struct HTTPDateTests {
  @Test(
    "Known moments are read",
    arguments: [
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
      ("Tue, 19 Jan 2038 03:14:08 GMT", 2_147_483_648), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
      ("Thursday, 31-Dec-69 23:59:59 GMT", -1), ("Wed Dec 31 23:59:59 1969", -1),
      ("Saturday, 01-Jan-44 00:00:00 GMT", 2_335_219_200),
    ])
  func known(text: String, seconds: Int64) {
    #expect(
      HTTPDate.parse(text, now: FixedTime.standard) == Timestamp(millisecondsSinceEpoch: seconds * 1_000))
  }

  @Test(
    "What is no date of HTTP is none",
    arguments: [
      "", "now", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 2023 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:٣٧ GMT",
    ])
  func garbage(text: String) {
    #expect(HTTPDate.parse(text, now: FixedTime.standard) == nil)
  }
}
