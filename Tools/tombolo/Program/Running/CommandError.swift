/// Why a command did not do what it was asked.
struct CommandError: Error {
  /// What kind of failure it was; it decides the exit status.
  struct Code: Hashable, CustomStringConvertible {
    let description: String
    private init(_ description: String) { self.description = description }

    /// The command line says something that cannot be meant, or the configuration is not there. Exit status 2.
    static let usage = Code("usage")
    /// The command was understood and did not succeed. Exit status 1.
    static let failed = Code("failed")
    /// Like `failed`, when everything there is to say was said already.
    static let reported = Code("reported")
  }

  var code: Code
  /// What, where, and what to do.
  var message: String
  var cause: (any Error)?

  init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}

extension CommandError: CustomStringConvertible {
  var description: String { message }
}
