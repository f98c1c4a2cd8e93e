import Histogram
import TomboloPorts
import TomboloQueue

/// 64 connections to the agent's HTTP interface, which is a process of its own, against 64 producers that call the library.
struct HTTPScenario {
  private static let connectionCount = 64

  func measure(_ name: String, _ rounds: Rounds) async throws -> BenchmarkResult {
    let settings = rounds.settings
    let count = settings.count(20_000, multipleOf: Self.connectionCount)
    // The payload is a JSON string of the same length, its quotes included.
    let text = String(repeating: "x", count: max(0, settings.payloadByteCount - 2))
    let body = #"{"kind":"bench","payload":"\#(text)"}"#
    var result = try await rounds.compare(
      name,
      floor: { folder in
        let store = try await rounds.engine.store(in: "\(folder)/store")
        let queue = try await SyncQueue.open(store: store, configuration: .bench)
        let payload = Array("\"\(text)\"".utf8)
        let times = LatencyLog.make(Self.connectionCount, operationCount: count)
        try await queue.enqueue(NewOperation(kind: "bench", payload: payload))
        let reading = try await Meter.measure(count) {
          try await Load.enqueue(count, payload: payload, to: queue, times: times)
        }
        try await store.close()
        return reading
      },
      ours: { folder in
        let agent = try OtherProcess(.agent, [rounds.engine.rawValue, "\(folder)/store"], settings: settings)
        guard let port = UInt16(try agent.line()) else { throw BenchmarkError("the agent told no port") }
        let load = try HTTPLoad(port: port, connectionCount: Self.connectionCount, body: body)
        var warming = Meter.histogram()
        try load.run(Self.connectionCount, times: &warming)
        let used = Double(try agent.ask()) ?? .nan
        var histogram = Meter.histogram()
        var reading = try await Meter.measure(count) { try load.run(count, times: &histogram) }
        let server = ((Double(try agent.ask()) ?? .nan) - used) / Double(count) * 1e6
        let client = reading.processorMicroseconds
        reading.processorMicroseconds = server
        try await agent.finish()
        return Rounds.Turn(
          reading, latencies: histogram,
          figures: [
            "CPU µs of the client": client,
            "processors the agent kept busy": server * reading.rate / 1e6,
            "processors both kept busy": (server + client) * reading.rate / 1e6,
          ])
      })
    result.figures["CPU µs of a library call"] = result.floorProcessorMicroseconds
    return result
  }
}
