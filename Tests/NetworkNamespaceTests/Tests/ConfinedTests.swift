import Foundation
import Testing

/// The monitor where it is allowed little: as a user without any privilege, and where netlink is refused.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ConfinedTests {
  /// Runs `body` with a namespace that has a way out, and an upstream behind it.
  private func withUpstream(
    _ body: (_ inside: NetworkNamespace, _ upstream: Watcher) async throws -> Void
  ) async throws {
    try await NetworkNamespace.withCable { inside, peer in
      try await peer.ip("address add 10.77.0.1/24 dev in0")
      let upstream = try await peer.startUpstream()
      defer { upstream.stop() }
      try await inside.addWayOut()
      try await body(inside, upstream)
    }
  }

  @Test("a user without any privilege hears of the network like root")
  func nobody() async throws {
    try await withUpstream { inside, _ in
      let watcher = try Watcher(
        in: inside, "monitor \(NetworkNamespace.upstream) 500",
        wrapper: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"])
      defer { watcher.stop() }
      #expect(try await watcher.next { _ in true }.condition == "online")
      try await inside.ip("route del default")
      try await inside.ip("address del 10.77.0.2/24 dev out0")
      let offline = try await watcher.next(condition: "offline")
      #expect(offline.evidence?.first == "system offline: no interface is up with an address")
    }
  }

  @Test("where the kernel refuses netlink the monitor says so, and works by its probe")
  func refused() async throws {
    try await withUpstream { inside, upstream in
      let path = try Watcher(in: inside, "path", wrapper: Self.withoutNetlink)
      #expect(
        try await path.next { $0.unknown != nil }.unknown == "cannot open a netlink socket: Operation not permitted")
      path.stop()

      // No agent runs at that socket, so that the command asks for itself.
      let check = try Watcher(
        in: inside,
        "network check --set agent.listen=unix:/nonexistent/agent.sock --set delivery.type=http"
          + " --set delivery.baseURL=http://10.77.0.1:9000 --set network.probe.type=tcp"
          + " --set network.probe.address=10.77.0.1:9000",
        program: "tombolo", wrapper: Self.withoutNetlink)
      defer { check.stop() }
      _ = try await check.next { $0.unreadable?.contains("The system is not asked, or cannot tell") ?? false }

      let watcher = try Watcher(in: inside, "monitor \(NetworkNamespace.upstream) 500", wrapper: Self.withoutNetlink)
      defer { watcher.stop() }
      #expect(try await watcher.next { _ in true }.condition == "online")
      let lost = try await watcher.expect(
        "limited", "upstream stopped, netlink refused by seccomp",
        within: 500 + MonitorNamespaceTests.probeTimeoutMilliseconds
      ) { upstream.stop() }
      #expect(lost.evidence?.contains { $0.hasPrefix("system") } == false)
    }
  }

  /// Runs a program under a filter of system calls (seccomp) that refuses `socket(AF_NETLINK, …)` with `EPERM`, as a strict
  /// container does. Without netlink nothing else is harmed, so the sockets of the probe work.
  private static let withoutNetlink = [
    "python3", "-c",
    """
    import ctypes, os, platform, struct, sys
    number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    steps = [
      (0x20, 0, 0, 0),           # load the number of the system call
      (0x15, 0, 3, number),      # socket? otherwise allow
      (0x20, 0, 0, 16),          # load its first argument
      (0x15, 0, 1, 16),          # AF_NETLINK? otherwise allow
      (0x06, 0, 0, 0x00050001),  # EPERM
      (0x06, 0, 0, 0x7fff0000),  # allow
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code)
    class Program(ctypes.Structure):
      _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    program = Program(len(steps), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0                           # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0       # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    os.execv(sys.argv[1], sys.argv[1:])
    """,
  ]
}
