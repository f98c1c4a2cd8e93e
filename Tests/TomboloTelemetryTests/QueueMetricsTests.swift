#if Metrics
  import CoreMetrics
  import Logging
  import MetricsTestKit
  import Testing
  import TomboloPorts
  import TomboloQueue
  import TomboloStorage
  import TomboloTelemetry
  import TomboloTesting

  @Suite("Queue metrics", .timeLimit(.minutes(5)))
  struct QueueMetricsTests {
    let metrics = TestMetrics()
    let time = ManualTimeSource()

    private func total(_ name: String, _ dimensions: [(String, String)]) throws -> Int64 {
      try metrics.expectCounter("tombolo_queue_\(name)", dimensions).totalValue
    }

    @Test(
      "Attempts, outcomes, durations and latencies are counted by kind, and the depth and age of what waits are shown")
    func counts() async throws {
      let queue = try await SyncQueue.open(store: InMemoryStore(), time: time)
      let counting = QueueMetrics(metrics, time: time)
      queue.add(counting)
      let handler = RecordingHandler { [time] operation, _ in
        time.advance(by: .seconds(2))
        if operation.kind == "bad" { return .reject(DeliveryFailure(.refused, "no")) }
        return .delivered
      }
      for _ in 0..<3 { try await queue.enqueue(NewOperation(kind: "good")) }
      try await queue.enqueue(NewOperation(kind: "bad"))
      time.advance(by: .seconds(30))
      counting.record(try await queue.status(), at: time.now)
      let depth = try metrics.expectMeter("tombolo_queue_operations", [("state", "pending")])
      #expect(depth.lastValue == 4)
      #expect(try metrics.expectMeter("tombolo_queue_oldest_seconds").lastValue == 30)

      var configuration = queue.configuration
      configuration.concurrency = 1
      let worker = SyncWorker(queue: queue, handler: handler)
      worker.reconfigure(configuration)
      try await worker.drain()
      counting.record(try await queue.status(), at: time.now)
      #expect(depth.lastValue == 0)
      let good = ("kind", "good")
      #expect(try total("enqueued_total", [good]) == 3)
      #expect(try total("attempts_total", [good]) == 3)
      #expect(try total("outcomes_total", [good, ("outcome", "delivered")]) == 3)
      #expect(try total("outcomes_total", [("kind", "bad"), ("outcome", "deadLettered")]) == 1)
      let durations = try metrics.expectTimer("tombolo_queue_attempt_duration", [good]).values
      #expect(durations == [2_000_000_000, 2_000_000_000, 2_000_000_000])
      let latencies = try metrics.expectTimer("tombolo_queue_delivery_latency", [good]).values
      #expect(latencies == [32_000_000_000, 34_000_000_000, 36_000_000_000])
    }

    @Test("Kinds that strangers make up share one dimension beyond the first")
    func kinds() async throws {
      let queue = try await SyncQueue.open(store: InMemoryStore(), time: time)
      queue.add(QueueMetrics(metrics, time: time))
      for number in 0..<QueueMetrics.kindCountMaximum + 50 { try await queue.enqueue(NewOperation(kind: "k\(number)")) }
      #expect(try total("enqueued_total", [("kind", "other")]) == 50)
    }
  }
#endif
