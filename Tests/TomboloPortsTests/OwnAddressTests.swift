import Testing
import TomboloPorts

@Suite struct OwnAddressTests {
  @Test("this machine is known by its loopback names", arguments: ["localhost", "127.0.0.1", "::1"])
  func own(host: String) {
    #expect(OwnAddress.contains(host))
  }

  @Test(
    "no other address is its own, and names are not looked up",
    arguments: ["192.0.2.1", "2001:db8::1", "a.example", ""])
  func elsewhere(host: String) {
    #expect(!OwnAddress.contains(host))
  }
}
