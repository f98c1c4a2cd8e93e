/// What a reload did.
public struct ReloadReport: Hashable, Sendable {
  /// The keys whose new value is in force, in the order of the configuration.
  public var changed: [String]
  /// The keys whose new value counts only after a restart; until then the old one is in force.
  public var needsRestart: [String]

  /// A report of these keys.
  public init(changed: [String], needsRestart: [String]) {
    self.changed = changed
    self.needsRestart = needsRestart
  }
}

extension ReloadReport: CustomStringConvertible {
  /// `changed queue.concurrency; storage.path counts after a restart`
  public var description: String {
    var parts = [changed.isEmpty ? "nothing changed" : "changed \(changed.joined(separator: ", "))"]
    if !needsRestart.isEmpty {
      parts.append(
        "\(needsRestart.joined(separator: ", ")) \(needsRestart.count == 1 ? "counts" : "count") after a restart")
    }
    return parts.joined(separator: "; ")
  }
}

/// Why a reload was not begun. The old configuration goes on.
public struct ReloadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// Another reload is under way, or too many earlier configurations still deliver. Try again later.
    public static let busy = Code("busy")
    /// The system is not running: there is nothing whose configuration could be replaced.
    public static let notRunning = Code("notRunning")
  }

  public var code: Code
  public var message: String

  /// A failure of this kind.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}

/// Which keys cannot change while the program runs.
enum ReloadRule {
  /// Where a key is that holds a file, a socket or a limit that is set once; whatever is below it, too.
  private static let fixed = [
    "storage", "agent.listen", "agent.connectionsMaximum", "agent.shutdownGrace", "network.system", "network.upstreams",
  ]

  static func needsRestart(_ path: String) -> Bool { place(of: path) != nil }

  /// Which of those places the key is at or below.
  static func place(of path: String) -> String? {
    fixed.first { path == $0 || path.hasPrefix($0 + ".") }
  }
}
