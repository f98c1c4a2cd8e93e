public import TomboloResilience

/// Several listeners as one: each hears every event, in the order they are written.
public struct ResilienceListeners: ResilienceListener {
  private let listeners: [any ResilienceListener]

  /// These listeners.
  public init(_ listeners: [any ResilienceListener]) { self.listeners = listeners }

  /// Tells them all.
  public func receive(_ event: ResilienceEvent) {
    for listener in listeners { listener.receive(event) }
  }
}
