import TomboloPorts

/// Reports what it is given, until cancelled.
struct ScriptedPath: NetworkPathSource {
  let reports: AsyncStream<NetworkPathReport>
  var name: String { "script" }

  func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
    for await next in reports { report(next) }
  }
}
