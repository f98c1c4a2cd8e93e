import Foundation

/// An upstream in a process of its own that fails every call when it is told to, over HTTP or over gRPC.
struct MisbehavingUpstream {
  enum Transport: String, CaseIterable, Sendable { case http, grpc }

  let transport: Transport
  let program: RunningProgram
  let url: String

  /// Starts it where the agent of `scene` looks for it.
  static func start(_ transport: Transport, in scene: Scene) async throws -> MisbehavingUpstream {
    let program: RunningProgram
    switch transport {
    case .http: program = try await scene.startUpstream()
    case .grpc:
      program = try RunningProgram("grpc-upstream", ["--port", "\(scene.upstreamPort)"])
      _ = try await program.line { $0.hasPrefix("listening") }
    }
    return MisbehavingUpstream(transport: transport, program: program, url: scene.upstreamURL)
  }

  /// From the next call on it answers 500, or `UNAVAILABLE`.
  func misbehave() async throws {
    switch transport {
    case .http: try await behave(#"[{"kind":"*","mode":"status","status":500}]"#)
    case .grpc:
      program.signal(SIGUSR1)
      _ = try await program.line { $0 == "misbehaving" }
    }
  }

  /// From the next call on it accepts.
  func behave() async throws {
    switch transport {
    case .http: try await behave("[]")
    case .grpc:
      program.signal(SIGUSR2)
      _ = try await program.line { $0 == "behaving" }
    }
  }

  private func behave(_ behaviours: String) async throws {
    let answer = try await Web.send("PUT", url + "/behaviour", behaviours)
    guard answer.status < 300 else {
      throw RunningProgram.Failure(description: "the upstream refused to be told how to behave: \(answer.status)")
    }
  }
}
