import Foundation
import Synchronization

/// A network of its own, with interfaces, addresses and routes that nothing else sees. Needs Linux, root and `ip`.
struct NetworkNamespace: Sendable {
  private static let counter = Atomic(0)

  let name: String

  /// Makes namespaces, hands them to `body`, and removes them however that ends. Names are unique on the machine, so that
  /// tests may run side by side.
  static func with(_ count: Int, _ body: ([NetworkNamespace]) async throws -> Void) async throws {
    var made: [NetworkNamespace] = []
    let result: Result<Void, any Error>
    do {
      for _ in 0..<count {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let namespace = NetworkNamespace(name: "tombolo-\(getpid())-\(number)")
        try await Command.ip(["netns", "add", namespace.name])
        made.append(namespace)
        try await namespace.ip("link set lo up")
      }
      try await body(made)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    // What went wrong first is told first.
    var deletion: Result<Void, any Error> = .success(())
    for namespace in made {
      do { try await Command.ip(["netns", "delete", namespace.name]) } catch { deletion = .failure(error) }
    }
    try result.get()
    try deletion.get()
  }

  /// Runs one `ip` command inside: `link set up dev eth0`.
  func ip(_ words: String) async throws {
    try await Command.ip(["-n", name] + words.split(separator: " ").map(String.init))
  }

  /// Runs many `ip` commands inside, as fast as it goes.
  func ip(batch lines: [String]) async throws {
    try await Command.ip(["-n", name, "-batch", "-"], input: lines.joined(separator: "\n") + "\n")
  }

  /// Lays a cable from `interface` in here to `peerInterface` in `peer`. Both ends are down.
  func connect(_ interface: String, to peer: NetworkNamespace, _ peerInterface: String) async throws {
    try await Command.ip([
      "link", "add", interface, "netns", name, "type", "veth", "peer", "name", peerInterface, "netns", peer.name,
    ])
  }
}
