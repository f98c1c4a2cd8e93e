#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a thread is to do.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) {
    self.run = run
  }
}

/// Starts a thread that nobody joins; answers 0, or the system's error.
///
/// Safety: the pointer carries one strong reference. The thread takes it over; when no thread came about it is released here.
func startDetachedThread(_ run: @escaping @Sendable () -> Void) -> Int32 {
  let body = Unmanaged.passRetained(ThreadBody(run))
  #if canImport(Darwin)
    var thread: pthread_t?
    let error = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    if error == 0, let thread { pthread_detach(thread) }
  #else
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { pointer in
        if let pointer { Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    if error == 0 { pthread_detach(thread) }
  #endif
  if error != 0 { body.release() }
  return error
}

/// The system's words for one of its errors.
func systemMessage(_ error: Int32) -> String {
  guard let text = strerror(error) else { return "error \(error)" }
  return String(cString: text)
}
