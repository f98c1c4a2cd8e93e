import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

@Suite("WakeSignal, Alarm and Broadcast", .timeLimit(.minutes(10)))
struct WakingTests {
  @Test("A signal before the wait is remembered, and many count as one")
  func remembered() async {
    let signal = WakeSignal()
    signal.signal()
    signal.signal()
    await signal.wait()
    // The next wait ends by cancellation alone.
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await signal.wait() }
      group.cancelAll()
    }
  }

  @Test("A waiter is woken by a signal", arguments: 0..<50)
  func woken(round: Int) async {
    let signal = WakeSignal()
    async let waiting: Void = signal.wait()
    if round % 2 == 0 { await Task.yield() }
    signal.signal()
    await waiting
  }

  @Test("What is done before a signal is seen by whoever takes the signal, however the two meet")
  func seen() async {
    let signal = WakeSignal()
    let (done, seen) = (Atomics(), Atomics())
    let count = 20_000
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while seen.value.load(ordering: .relaxed) < count {
          seen.value.store(done.value.load(ordering: .relaxed), ordering: .relaxed)
          if seen.value.load(ordering: .relaxed) < count { await signal.wait() }
        }
      }
      group.addTask {
        for number in 1...count {
          done.value.store(number, ordering: .relaxed)
          signal.signal()
          // Each is to be seen because of its own signal: where one is lost, this never ends.
          while seen.value.load(ordering: .relaxed) < number { await Task.yield() }
        }
      }
    }
    #expect(seen.value.load(ordering: .relaxed) == count)
  }

  private final class Atomics: Sendable {
    let value = Atomic(0)
  }

  @Test("An alarm signals at its deadline, and an earlier one is not lost behind a later one")
  func alarm() async {
    let time = ManualTimeSource()
    let target = WakeSignal()
    let alarm = Alarm(time: time, target: target)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await alarm.run() }
      alarm.set(after: .seconds(60))
      while time.timeUntilNextSleeper != .seconds(60) { await Task.yield() }
      alarm.set(after: .seconds(5))
      while time.timeUntilNextSleeper != .seconds(5) { await Task.yield() }
      alarm.set(after: .seconds(90))
      time.advance(by: .seconds(5))
      await target.wait()
      // It was asked for 60 and 90 too, but a deadline is one look: who was woken asks again.
      alarm.set(after: .seconds(1))
      while time.timeUntilNextSleeper != .seconds(1) { await Task.yield() }
      time.advance(by: .seconds(1))
      await target.wait()
      group.cancelAll()
    }
    #expect(time.sleeperCount == 0)
  }

  @Test("A deadline that has passed already signals at once")
  func passed() async {
    let target = WakeSignal()
    let alarm = Alarm(time: ManualTimeSource(), target: target)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await alarm.run() }
      alarm.set(after: .zero)
      await target.wait()
      group.cancelAll()
    }
  }

  @Test("A slow reader loses its own oldest elements and nobody else's")
  func broadcast() async {
    var broadcast: Broadcast<Int>? = Broadcast<Int>()
    guard let slow = broadcast?.stream(bufferCount: 3), let other = broadcast?.stream(bufferCount: 100) else { return }
    for number in 0..<10 { broadcast?.send([number]) }
    let late = broadcast?.stream(bufferCount: 3)
    broadcast?.send([10, 11])
    broadcast = nil
    #expect(await slow.reduce(into: []) { $0.append($1) } == [9, 10, 11])
    #expect(await other.reduce(into: []) { $0.append($1) } == Array(0..<12))
    #expect(await late?.reduce(into: []) { $0.append($1) } == [10, 11])
  }
}
