import GRPCCore
package import PreferencesExample
import SwiftProtobuf
package import TomboloOffline
package import TomboloPorts
import TomboloQueue

/// The half that always asks the server, over gRPC. It fails when the network does.
package struct GRPCUserPreferences: UserPreferences, PreferencesServer {
  private let connection: PreferencesConnection
  private let deviceID: String
  private let timeout: Duration
  private let time: any TimeSource
  private let ids: any OperationIDSource

  /// - Parameters:
  ///   - deviceID: names this device for the server: what it wrote itself is no conflict for it.
  ///   - timeout: how long a call may take.
  package init(
    port: Int, deviceID: String, timeout: Duration = .seconds(5), time: any TimeSource = SystemTimeSource(),
    ids: any OperationIDSource = MonotonicOperationIDSource()
  ) {
    connection = PreferencesConnection(port: port)
    self.deviceID = deviceID
    self.timeout = timeout
    self.time = time
    self.ids = ids
  }

  /// Keeps the connection until the task is cancelled; calls wait for it.
  package func run() async { await connection.run() }

  // MARK: - The service

  package func preferences(of userID: String) async throws -> Preferences {
    let copy: ServerCopy<Preferences> = try await preferences(of: userID)
    return copy.document ?? Preferences()
  }

  package func setPreferredCurrency(_ currency: String, of userID: String) async throws {
    try await send(SetPreferredCurrency(userID: userID, currency: currency))
  }

  package func setTheme(_ theme: String, of userID: String) async throws {
    try await send(SetTheme(userID: userID, theme: theme))
  }

  package func setLanguage(_ language: String, of userID: String) async throws {
    try await send(SetLanguage(userID: userID, language: language))
  }

  package func setPreferences(_ preferences: Preferences, of userID: String) async throws {
    try await send(ReplacePreferences(userID: userID, preferences: preferences))
  }

  private func send(_ edit: some PreferencesEdit) async throws {
    _ = try await apply(edit, idempotencyKey: ids.next(at: time.now).description)
  }

  // MARK: - What the composite asks

  package func preferences(of userID: String) async throws -> ServerCopy<Preferences> {
    try await connection.call { client in
      let service = Tombolo_Examples_Preferences_V1_PreferencesService.Client(wrapping: client)
      return try await service.getPreferences(.with { $0.userID = userID }, options: options).copy
    }
  }

  package func apply(
    _ edit: some PreferencesEdit, idempotencyKey: String, editedAt: Timestamp?, replacing: RemoteVersion?
  ) async throws -> ServerCopy<Preferences> {
    let request = Tombolo_Examples_Preferences_V1_EditPreferencesRequest.with {
      $0.userID = edit.userID
      $0.idempotencyKey = idempotencyKey
      $0.deviceID = deviceID
      if let version = edit.basedOn { $0.basedOnVersion = version }
      if let version = replacing?.tag.flatMap({ UInt64($0) }) { $0.replacingVersion = version }
      $0.editedAtMilliseconds = (editedAt ?? time.now).millisecondsSinceEpoch
      switch edit.change {
      case .currency(let currency): $0.currency = currency
      case .theme(let theme): $0.theme = theme
      case .language(let language): $0.language = language
      case .all(let all): $0.all = .init(all)
      }
    }
    return try await connection.call { client in
      let service = Tombolo_Examples_Preferences_V1_PreferencesService.Client(wrapping: client)
      let reply = try await service.editPreferences(request, options: options)
      switch reply.result {
      case .accepted(let stored)?: return stored.copy
      case .conflict(let conflict)?: throw PreferencesConflict(try conflict.remote(for: edit))
      case nil: throw DeliveryFailure(.upstreamFailed, "the server answered with nothing that this program knows")
      }
    }
  }

  private var options: CallOptions {
    var options = CallOptions.defaults
    options.timeout = timeout
    return options
  }
}

extension Tombolo_Examples_Preferences_V1_StoredPreferences {
  fileprivate var copy: ServerCopy<Preferences> {
    guard version > 0 else { return ServerCopy(nil, version: 0) }
    var document = Preferences()
    // Nobody has set what is empty.
    if !preferences.currency.isEmpty { document.currency = preferences.currency }
    if !preferences.theme.isEmpty { document.theme = preferences.theme }
    if !preferences.language.isEmpty { document.language = preferences.language }
    return ServerCopy(document, version: version)
  }
}

extension Tombolo_Examples_Preferences_V1_Conflict {
  /// The version that stands, in the shape of the edit that met it: so it can be merged.
  fileprivate func remote(for edit: some PreferencesEdit) throws -> RemoteVersion {
    RemoteVersion(
      tag: "\(stored.version)", modifiedAt: Timestamp(millisecondsSinceEpoch: editedAtMilliseconds),
      payload: try NewOperation(edit.saying(stored.copy.document ?? Preferences())).payload,
      detail: "another device changed the \(field) since")
  }
}

extension Tombolo_Examples_Preferences_V1_Preferences {
  fileprivate init(_ preferences: Preferences) {
    self.init()
    (currency, theme, language) = (preferences.currency, preferences.theme, preferences.language)
  }
}
