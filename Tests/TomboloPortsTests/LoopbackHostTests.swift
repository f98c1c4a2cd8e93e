import Testing
import TomboloPorts

@Suite struct LoopbackHostTests {
  @Test(
    "this machine is known by its loopback names and addresses",
    arguments: [
      "localhost", "LocalHost", "localhost.", "api.localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1",
    ])
  func loopback(host: String) {
    #expect(LoopbackHost.contains(host))
  }

  @Test(
    "anything else may be elsewhere",
    arguments: [
      "", "example.org", "notlocalhost", "localhost.example.org", "127.0.0.1.example.org", "128.0.0.1", "::2",
      "127.0.0",
    ])
  func elsewhere(host: String) {
    #expect(!LoopbackHost.contains(host))
  }
}
