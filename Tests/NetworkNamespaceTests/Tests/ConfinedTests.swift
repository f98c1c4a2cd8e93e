import Foundation
import Testing

/// The monitor where it is allowed little: as a user without any privilege, and where netlink is refused.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConfinedTests {
  /// Runs `body` with a namespace that has a way out, and an upstream behind it.
  private func withUpstream(
    _ body: (_ inside: NetworkNamespace, _ peer: NetworkNamespace, _ upstream: Watcher) async throws -> Void
  ) async throws {
    try await NetworkNamespace.with(2) { namespaces in
      let (inside, peer) = (namespaces[0], namespaces[1])
      try await inside.connect("out0", to: peer, "in0")
      try await peer.ip("address add 10.77.0.1/24 dev in0")
      try await peer.ip("link set up dev in0")
      try await inside.ip("address add 10.77.0.2/24 dev out0")
      try await inside.ip("link set up dev out0")
      try await inside.ip("route add default via 10.77.0.1")
      let upstream = try Watcher(in: peer, "listen 10.77.0.1 9000")
      defer { upstream.stop() }
      _ = try await upstream.next { $0.listening == true }
      let settled = try Watcher(in: inside, "path")
      _ = try await settled.next(reach: "routed")
      settled.stop()
      try await body(inside, peer, upstream)
    }
  }

  @Test("a user without any privilege hears of the network like root")
  func nobody() async throws {
    try await withUpstream { inside, _, _ in
      let watcher = try Watcher(
        in: inside, "monitor 10.77.0.1 9000 500",
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
    try await withUpstream { inside, _, upstream in
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

      let watcher = try Watcher(in: inside, "monitor 10.77.0.1 9000 500", wrapper: Self.withoutNetlink)
      defer { watcher.stop() }
      #expect(try await watcher.next { _ in true }.condition == "online")
      let start = uptimeMilliseconds()
      upstream.stop()
      let lost = try await watcher.next(condition: "limited")
      #expect(lost.evidence?.contains { $0.hasPrefix("system") } == false)
      print("| upstream stopped, netlink refused by seccomp | limited | \(lost.uptimeMilliseconds - start) ms |")
      #expect(lost.uptimeMilliseconds - start < 500 + MonitorNamespaceTests.probeTimeoutMilliseconds)
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
