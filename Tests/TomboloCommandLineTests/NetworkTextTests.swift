import Testing
import TomboloAgent
import TomboloPorts

@testable import TomboloProgram

@Suite("The network in words")
struct NetworkTextTests {
  private static let start = Timestamp(millisecondsSinceEpoch: 1_790_000_000_000)
  private let clock = WallClock(now: start.advanced(by: .seconds(200)))

  private func evidence(_ source: String, _ condition: NetworkStatus.Condition, _ detail: String) -> NetworkEvidence {
    NetworkEvidence(source: source, condition: condition, detail: detail, at: Self.start.advanced(by: .seconds(188)))
  }

  private var portal: NetworkStatus {
    let eth0 = NetworkInterface(name: "eth0", kind: .ethernet, hasIPv4: true, hasIPv6: true, carriesDefaultRoute: true)
    return NetworkStatus(
      .portal, since: Self.start,
      evidence: [evidence("probe", .portal, "http://a.example answered 302, a redirect")], isMetered: true,
      interfaces: [eth0, NetworkInterface(name: "br0", kind: .virtual)],
      upstreams: [
        UpstreamStatus(
          name: "intranet", .online, since: Self.start,
          evidence: [evidence("probe", .online, "10.0.0.5:9000 accepts connections")])
      ])
  }

  @Test("the check explains status, evidence, interfaces and upstreams, and who says so")
  func explanation() {
    let text = NetworkExplanation(status: WireNetworkStatus(portal), agent: "unix:/a", clock: clock).description
    let since = clock.text(Self.start)
    #expect(
      text == """
        The network is portal for 3 min 20 s (since \(since)). Something answers that is not the other side, such as a \
        sign-in page: open any page in a browser and sign in.
        The probe says portal: http://a.example answered 302, a redirect, \(clock.ago(Self.start.advanced(by: .seconds(188)))).
        The system is not asked, or cannot tell: the log says which.
        The interface eth0 (ethernet) is up with IPv4 and IPv6 and carries the way out.
        The interface br0 (virtual) is up with no address.
        The way out is paid by volume.
        The upstream intranet is online for 3 min 20 s (since \(since)).
          The probe says online: 10.0.0.5:9000 accepts connections, \
        \(clock.ago(Self.start.advanced(by: .seconds(188)))).
        This is what the agent on unix:/a knows.
        """)
  }

  @Test("what comes from outside cannot act on the terminal")
  func safe() {
    let status = NetworkStatus(
      .limited, since: Self.start, evidence: [evidence("probe", .limited, "x\u{1B}[2J\u{202E}y")],
      upstreams: [UpstreamStatus(name: "a\u{7}b", .online, since: Self.start)])
    let explained = NetworkExplanation(status: WireNetworkStatus(status), agent: nil, clock: clock).description
    var lines = NetworkChangeLines()
    let watched = lines.text(WireNetworkStatus(status), clock: clock).joined()
    for text in [explained, watched] {
      #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}") && !text.contains("\u{7}"))
    }
  }

  @Test("only a change of a condition is a change; each line tells what changed, with what says so")
  func changes() {
    var lines = NetworkChangeLines()
    var status = portal
    let isFirst = lines.isChange(WireNetworkStatus(status))
    #expect(isFirst)
    let first = lines.text(WireNetworkStatus(status), clock: clock)
    #expect(
      first == [
        "\(clock.text(Self.start))  portal  probe portal: http://a.example answered 302, a redirect; over eth0 "
          + "(ethernet), metered",
        "\(clock.text(Self.start))  intranet online  probe online: 10.0.0.5:9000 accepts connections",
      ])
    status.evidence = []
    let isOther = lines.isChange(WireNetworkStatus(status))
    #expect(!isOther, "the same with other words")
    let later = Self.start.advanced(by: .seconds(100))
    status.upstreams = [UpstreamStatus(name: "intranet", .limited, since: later)]
    let isChange = lines.isChange(WireNetworkStatus(status))
    let second = lines.text(WireNetworkStatus(status), clock: clock)
    #expect(isChange)
    #expect(second == ["\(clock.text(later))  intranet limited  nothing says otherwise"])
  }

  @Test("lines are put together from parts, and one without end is refused")
  func splitting() throws {
    var splitter = LineSplitter(byteCountMaximum: 8)
    let none = try splitter.add(Array("ab".utf8))
    let two = try splitter.add(Array("c\nd\ne".utf8))
    #expect(none.isEmpty)
    #expect(two == [Array("abc".utf8), Array("d".utf8)])
    #expect(throws: CommandError.self) { _ = try splitter.add(Array(repeating: 1, count: 9)) }
  }
}
