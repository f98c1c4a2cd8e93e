import Foundation
public import TomboloPorts

/// Delivers each operation as a file of its own in a folder that somebody else empties: a mounted stick, a synced drive.
///
/// The file is named by the idempotency key, so a repeat writes the same file again. It appears whole or not at all.
public struct FolderDelivery: OperationHandler {
  /// What file systems allow, less what is put behind the name of a file that is not whole yet.
  private static let fileNameByteCountMaximum = 200

  public var folder: String

  public init(folder: String) { self.folder = folder }

  public var upstream: String { "folder \(folder)" }

  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    // A key may hold any characters; a file name may not.
    let name = Data(operation.idempotencyKey.utf8).base64EncodedString().replacingOccurrences(of: "/", with: "_")
    let fileName = "\(operation.kind.replacingOccurrences(of: "/", with: "_")).\(name)"
    guard fileName.utf8.count <= Self.fileNameByteCountMaximum else {
      return .reject(
        DeliveryFailure(
          .refused,
          "kind and idempotency key make a file name of \(fileName.utf8.count) bytes; there is room for "
            + "\(Self.fileNameByteCountMaximum)"))
    }
    let file = URL(fileURLWithPath: folder).appending(path: fileName)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(operation.payload).write(to: file, options: .atomic)
      return .delivered
    } catch {
      return .retry(
        after: nil, DeliveryFailure(.unreachable, "\(folder) cannot be written: \(error.localizedDescription)"))
    }
  }
}

/// `delivery: { type: folder, path: ./outbox }`
public enum FolderDeliveryPlugin: DeliveryPlugin {
  public static let identifier = PluginIdentifier(.delivery, "folder")
  public static let summary = "Writes each operation as a file into the folder `path`."
  public static let options = [
    OptionDeclaration("path", .string, isRequired: true, help: "The folder; made when it is missing.")
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any OperationHandler {
    FolderDelivery(folder: try options.string("path"))
  }
}
