import Histogram
import Testing
@testable import TomboloBenchmark

@Suite("How the benchmark measures")
struct MeterTests {
  @Test("The median is the middle one, of two the greater, and of none no number")
  func median() {
    #expect(Meter.median([9, 1, 5]) == 5)
    #expect(Meter.median([4, 3]) == 4)
    #expect(Meter.median([]).isNaN)
  }

  @Test("A tally adds stretches up: its rate is that of all of them together")
  func tally() async throws {
    var tally = Meter.Tally()
    let clock = ContinuousClock()
    let start = clock.now
    for count in [300, 700] { await tally.measure { count } }
    let elapsed = start.duration(to: clock.now) / .seconds(1)
    #expect(tally.reading.rate >= 1_000 / elapsed)
    #expect(tally.reading.processorMicroseconds >= 0)
  }

  @Test("Percentiles are microseconds, to three digits")
  func percentiles() {
    var histogram = Meter.histogram()
    for microseconds in 1...10_000 { histogram.record(UInt64(microseconds) * 1_000) }
    let latencies = BenchmarkResult.Latencies(histogram)
    for (measured, expected) in [
      (latencies.p50, 5_000.0), (latencies.p99, 9_900), (latencies.p999, 9_990), (latencies.longest, 10_000),
    ] {
      #expect(abs(measured - expected) <= expected / 1_000)
    }
  }

  @Test(
    "After one turn of each that does not count, ours and the floor take turns, who begins changes, and the ratio is the median of the rounds'"
  )
  func rounds() async throws {
    var settings = BenchmarkSettings()
    settings.roundCount = 3
    var order = ""
    var (rates, floors) = ([7.0, 30, 80, 50], [1.0, 100, 100, 200])
    let result = try await Rounds(engine: .file, settings: settings).compare(
      "sample",
      floor: { _ in
        order += "f"
        return Meter.Reading(rate: floors.removeFirst(), processorMicroseconds: 1)
      },
      ours: { _ in
        order += "o"
        return Rounds.Turn(
          Meter.Reading(rate: rates.removeFirst(), processorMicroseconds: 2),
          figures: ["ours left": Double(rates.count)])
      },
      watched: { _, floor in
        order += "w"
        var histogram = Meter.histogram()
        histogram.record(5_000)
        return Rounds.Turn(
          Meter.Reading(rate: 1, processorMicroseconds: 9), latencies: histogram, figures: ["floor": floor.rate])
      })
    #expect(order == "fofowofwfow")
    // This one the machine has, or has not.
    let figures = result.figures.filter { $0.key != FigureName.processorDistance }
    // Those of the watched turns are of the floor of their round.
    #expect(
      figures == [
        "ours left": 1, "floor": 100, "ratio, smallest of the rounds": 0.25, "ratio, largest of the rounds": 0.8,
      ])
    #expect(result.latencies?.p50 == 5)
    #expect(result.ratios == [0.3, 0.8, 0.25])
    #expect(result.ratio == 0.3)
    #expect(result.rate == 50)
    #expect(result.floorRate == 100)
    #expect(result.processorMicroseconds == 2)
  }

  @Test(
    "A further pass goes on where the one before ended: who begins changes, and the medians are of the rounds of both")
  func passes() async throws {
    var settings = BenchmarkSettings()
    settings.roundCount = 1
    let passes = PassesSoFar()
    var order = ""
    var result: BenchmarkResult?
    for (rate, floor) in [(30.0, 100.0), (80, 200), (50, 100)] {
      result = try await Rounds(engine: .file, settings: settings, passes: passes).compare(
        "sample",
        floor: { _ in
          order += "f"
          return Meter.Reading(rate: floor, processorMicroseconds: floor)
        },
        ours: { _ in
          order += "o"
          return Rounds.Turn(Meter.Reading(rate: rate, processorMicroseconds: rate), figures: ["rate": rate])
        })
      order += " "
    }
    #expect(order == "fofo foof fofo ")
    #expect(result?.ratios == [0.3, 0.4, 0.5])
    #expect(result?.ratio == 0.4)
    #expect(result?.rate == 50)
    #expect(result?.floorRate == 100)
    #expect(result?.figures["rate"] == 50)
    // What another engine and another scenario gave is not among them.
    #expect(passes["sample", .sqlite].turns.isEmpty)
    #expect(passes["other", .file].turns.isEmpty)
  }

  @Test("Counts are scaled to multiples of their unit, and are never none")
  func counts() {
    var settings = BenchmarkSettings()
    settings.scale = 0.5
    #expect(settings.count(1_000, multipleOf: 64) == 512)
    settings.scale = 0.000_1
    #expect(settings.count(1_000) == 1)
    #expect(settings.count(1_000, multipleOf: 64) == 64)
  }

  @Test("The busiest second is found wherever it begins")
  func peak() {
    let start = ContinuousClock.now
    func requests(_ milliseconds: [Int]) -> [ContinuousClock.Instant] {
      milliseconds.map { start.advanced(by: .milliseconds($0)) }
    }
    #expect(StrictUpstream.peak(requests([0, 700, 900, 1_100, 1_699, 1_700, 3_000])) == 4)
    #expect(StrictUpstream.peak([]) == 0)
  }

  @Test(
    "An answer is complete with its last byte",
    arguments: ["HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\ncontent-length: 5\r\n\r\n12345"])
  func answer(text: String) {
    let bytes = Array(text.utf8)
    for count in 0..<bytes.count { #expect(HTTPAnswer(Array(bytes[..<count])) == nil) }
    #expect(HTTPAnswer(bytes)?.status == 202)
    #expect(HTTPAnswer(Array("HTTP/1.1 503 No\r\n\r\n".utf8))?.status == 503)
  }
}
