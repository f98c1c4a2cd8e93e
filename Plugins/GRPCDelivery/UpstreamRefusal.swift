import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import TomboloPorts

/// A status other than OK that the upstream itself sent, with what it told beside it.
struct UpstreamRefusal: Sendable {
  var code: RPCError.Code
  var message: String
  /// How long it asks to wait.
  var retryAfter: Duration?
  /// The version it holds, as far as it tells of one.
  var remote: RemoteVersion?

  init(_ code: RPCError.Code, _ message: String = "", retryAfter: Duration? = nil, remote: RemoteVersion? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
    self.remote = remote
  }

  /// Reads the details of the richer error model (`google.rpc.Status` in `grpc-status-details-bin`) and the trailers
  /// `retry-after` (seconds), `grpc-retry-pushback-ms`, `etag`, `tombolo-written`. Details that cannot be read count as not there:
  /// the status stands without them.
  init(_ error: RPCError) {
    self.init(error.code, error.message)
    let details = Self.details(of: error)
    retryAfter = details.compactMap(\.retryInfo).first?.delay ?? Self.retryAfter(error.metadata)
    remote = Self.remoteVersion(details)
    let (tag, written) = (Self.tag(error.metadata), Self.written(error.metadata))
    if remote == nil, tag != nil || written != nil { remote = RemoteVersion(tag: tag, detail: "") }
    if let written, remote?.written == nil { remote?.written = written }
  }

  private static func details(of error: RPCError) -> [ErrorDetails] {
    do {
      return try error.unpackGoogleRPCStatus()?.details ?? []
    } catch {
      return []
    }
  }

  private static func remoteVersion(_ details: [ErrorDetails]) -> RemoteVersion? {
    for case let detail? in details.map(\.any) where detail.isA(Tombolo_Delivery_V1_RemoteVersion.self) {
      do {
        return RemoteVersion(try Tombolo_Delivery_V1_RemoteVersion(unpackingAny: detail))
      } catch {
        // Half a version would be merged as if it were one.
        return nil
      }
    }
    return nil
  }

  private static func retryAfter(_ metadata: Metadata) -> Duration? {
    if let text = metadata[stringValues: "retry-after"].first(where: { _ in true }), let seconds = UInt32(text) {
      return .seconds(seconds)
    }
    if let text = metadata[stringValues: "grpc-retry-pushback-ms"].first(where: { _ in true }),
      let milliseconds = UInt32(text)
    {
      return .milliseconds(milliseconds)
    }
    return nil
  }

  private static func tag(_ metadata: Metadata) -> String? {
    metadata[stringValues: "etag"].first { !$0.isEmpty }
  }

  /// As it was sent: text, or bytes where the name of the writer is not ASCII.
  private static func written(_ metadata: Metadata) -> HybridTimestamp? {
    let name = HeaderName.folded(HybridTimestamp.headerName)
    if let text = metadata[stringValues: name].first(where: { !$0.isEmpty }) { return HybridTimestamp(text) }
    let bytes = metadata[binaryValues: name + MetadataSyntax.binarySuffix].first { !$0.isEmpty }
    return bytes.flatMap { HybridTimestamp(String(decoding: $0, as: UTF8.self)) }
  }
}

extension RemoteVersion {
  /// What a service told of its version. `detail` may be empty.
  init(_ message: Tombolo_Delivery_V1_RemoteVersion) {
    self.init(
      tag: message.hasTag ? message.tag : nil,
      modifiedAt: message.hasModifiedAtMilliseconds
        ? Timestamp(millisecondsSinceEpoch: message.modifiedAtMilliseconds) : nil,
      written: message.hasWritten ? HybridTimestamp(message.written) : nil,
      payload: message.hasPayload ? Array(message.payload) : nil, detail: message.detail)
  }
}
