import TomboloPorts
import TomboloQueue
import TomboloTesting

@testable import TomboloOffline

/// A server that keeps favourites, knows repeats by their idempotency key, and refuses the name "bad".
actor FavouritesServer {
  private(set) var names: [String] = []
  private var known: Set<String> = []
  private var version: UInt64 = 0

  func add(_ name: String, idempotencyKey: String) -> ServerCopy<Preferences>? {
    if name == "bad" { return nil }
    if known.insert(idempotencyKey).inserted {
      names.append(name)
      version += 1
    }
    return copy
  }

  var copy: ServerCopy<Preferences> {
    var preferences = Preferences()
    preferences.favourites = names
    return ServerCopy(preferences, version: version)
  }
}

/// One process that delivers what is there.
struct SettlingRun {
  let device: TestDevice

  func run(_ server: FavouritesServer) async throws {
    var handlers = HandlerRegistry()
    handlers.handle(AddFavourite.self, in: device.preferences) { edit, attempt in
      guard let copy = await server.add(edit.name, idempotencyKey: attempt.operation.idempotencyKey) else {
        return .other(.reject(DeliveryFailure(.refused, "the name is bad")))
      }
      return .accepted(copy)
    }
    // Once more after the backoff, for what a failing store made to be tried again; and while time goes on, because a
    // settlement that could not be stored is tried again after a while.
    for _ in 1...3 {
      try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask { [handlers] in
          try await device.drain(handlers)
          return true
        }
        group.addTask {
          while !Task.isCancelled {
            await Task.yield()
            if let wait = device.time.timeUntilNextSleeper, wait <= .seconds(5) { device.time.advance(by: wait) }
          }
          return false
        }
        while let isDone = try await group.next(), !isDone {}
        group.cancelAll()
      }
      device.time.advance(by: .seconds(11))
    }
    _ = try await device.preferences.read("7")
  }
}
