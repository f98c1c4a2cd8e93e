import Testing
import TomboloComposition

@Suite struct ListenAddressTests {
  @Test(
    "an address is read and written alike",
    arguments: ["127.0.0.1:7117", "localhost:0", "[::1]:65535", "0.0.0.0:80", "unix:/run/tombolo.sock"])
  func roundTrip(text: String) throws {
    #expect(try #require(ListenAddress(text)).description == text)
  }

  @Test(
    "what is no address is refused",
    arguments: [
      "", "7117", ":7117", "host:", "host:65536", "host:-1", "::1:80", "[host]:80", "a b:80", "unix:", "http://a:80",
    ])
  func refused(text: String) {
    #expect(ListenAddress(text) == nil)
  }

  @Test(
    "only addresses of this machine are loopback",
    arguments: [
      ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("LOCALHOST:1", true), ("[::1]:1", true), ("unix:/s", true),
      ("0.0.0.0:1", false), ("[::]:1", false), ("127.0.0.1.example.org:1", false), ("128.0.0.1:1", false),
    ])
  func loopback(text: String, isLoopback: Bool) throws {
    #expect(try #require(ListenAddress(text)).isLoopback == isLoopback)
  }
}
