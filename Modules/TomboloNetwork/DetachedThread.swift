#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a thread is to do.
private final class ThreadBody: Sendable {
  private let name: String
  private let body: @Sendable () -> Void

  init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }

  func run() {
    giveName()
    body()
  }

  /// A thread without its name does its work all the same, so a system that refuses the name is not told.
  private func giveName() {
    #if canImport(Darwin)
      pthread_setname_np(name)
    #else
      // The call for it is a GNU extension, which Swift does not import.
      let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      guard file >= 0 else { return }
      defer { close(file) }
      let bytes = Array(name.utf8.prefix(15))
      _ = write(file, bytes, bytes.count)
    #endif
  }
}

/// Starts a thread that nobody joins; answers 0, or the system's error. By `name`, of which Linux shows 15 bytes, a person knows it
/// in `top -H` or a debugger.
///
/// Safety: the pointer carries one strong reference. The thread takes it over; when no thread came about it is released here.
func startDetachedThread(named name: String, _ run: @escaping @Sendable () -> Void) -> Int32 {
  let body = Unmanaged.passRetained(ThreadBody(name, run))
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
