import ArgumentParser
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is told when a command ends by an error, where, and with which exit status.
struct ExitReport: Equatable {
  static let failed: Int32 = 1
  static let wrongUsage: Int32 = 2

  var status: Int32
  /// Without a line break at its end; empty when there is nothing to say.
  var text: String
  /// Help that was asked for goes to standard output, everything else to standard error.
  var isError = true

  init(_ error: any Error) {
    switch error {
    case let error as CommandError where error.code == .reported: (status, text) = (Self.failed, "")
    case let error as CommandError:
      (status, text) = (error.code == .usage ? Self.wrongUsage : Self.failed, "tombolo: \(error)")
    case let error as ConfigurationError: (status, text) = (Self.wrongUsage, "tombolo: \(error)")
    case let error as PluginOptionError: (status, text) = (Self.wrongUsage, "tombolo: \(error)")
    case let error as AgentServerError:
      let isConfiguration = [.invalidAddress, .invalidToken, .tokenRequired].contains(error.code)
      (status, text) = (isConfiguration ? Self.wrongUsage : Self.failed, "tombolo: \(error)")
    case let error as QueueError:
      (status, text) = (error.code == .invalidOperation ? Self.wrongUsage : Self.failed, "tombolo: \(error)")
    case is StoreError, is PluginRegistryError: (status, text) = (Self.failed, "tombolo: \(error)")
    default:
      let code = TomboloCommand.exitCode(for: error)
      text = TomboloCommand.fullMessage(for: error)
      // Asking for help is no error; what the parser refuses has an exit status of its own kind (64, EX_USAGE).
      isError = code != .success
      status = code == .success ? 0 : code == .validationFailure ? Self.wrongUsage : Self.failed
      if status == Self.failed { text = "tombolo: \(error)" }
      // Every error begins with the program's name, the parser's too.
      if isError, text.hasPrefix("Error: ") { text = "tombolo: " + text.dropFirst("Error: ".count) }
    }
  }

  /// Says it and ends the process.
  func exit() -> Never {
    if !text.isEmpty {
      if isError { Output.error(text) } else { Output.line(text) }
    }
    #if canImport(Glibc)
      Glibc.exit(status)
    #elseif canImport(Musl)
      Musl.exit(status)
    #else
      Darwin.exit(status)
    #endif
  }
}
