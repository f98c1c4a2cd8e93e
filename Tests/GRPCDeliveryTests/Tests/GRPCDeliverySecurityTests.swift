import Foundation
import GRPCCore
import GRPCDelivery
import GRPCNIOTransportHTTP2Posix
import GRPCUpstream
import Testing
import TomboloPorts
import TomboloTesting

@Suite("GRPCDelivery: TLS", .enabled(if: Certificates.canMake, "openssl is needed to make certificates"))
struct GRPCDeliverySecurityTests {
  @Test(
    "An upstream whose authority is trusted is delivered to; one that is not is unreachable, and the reason is told")
  func authorities() async throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    try await Self.serve(
      .tls(certificateChain: [certificates.certificate], privateKey: certificates.key)
    ) { port in
      var configuration = GRPCDeliveryConfiguration(baseURL: "https://localhost:\(port)")
      configuration.security.authorityFile = certificates.certificatePath
      #expect(try await Self.deliver(configuration).label == "delivered")

      configuration.security.authorityFile = nil
      let distrusted = try await Self.deliver(configuration)
      #expect(distrusted.label == "retry unreachable")
      #expect(distrusted.message.lowercased().contains("certificate"), "\(distrusted.message)")

      let plain = GRPCDeliveryConfiguration(baseURL: "http://localhost:\(port)")
      #expect(try await Self.deliver(plain).label == "retry unreachable")
    }
  }

  @Test("An upstream that asks who we are is shown our certificate")
  func mutual() async throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    try await Self.serve(
      .mTLS(certificateChain: [certificates.certificate], privateKey: certificates.key) {
        $0.trustRoots = .certificates([certificates.certificate])
      }
    ) { port in
      var configuration = GRPCDeliveryConfiguration(baseURL: "https://localhost:\(port)")
      configuration.security.authorityFile = certificates.certificatePath
      let stranger = try await Self.deliver(configuration)
      #expect(stranger.label == "retry unreachable")
      configuration.security.certificateFile = certificates.certificatePath
      configuration.security.keyFile = certificates.keyPath
      let known = try await Self.deliver(configuration)
      #expect(known.label == "delivered", "\(known.message)")
    }
  }

  @Test("An encrypted connection that came about outlives the connect timeout", .timeLimit(.minutes(5)))
  func connectionStays() async throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    let service = UpstreamService()
    try await Self.serve(
      .tls(certificateChain: [certificates.certificate], privateKey: certificates.key), service
    ) { port in
      var configuration = GRPCDeliveryConfiguration(baseURL: "https://localhost:\(port)")
      configuration.security.authorityFile = certificates.certificatePath
      configuration.connectTimeout = .milliseconds(300)
      configuration.timeout = .milliseconds(1_500)
      let delivery = try GRPCDelivery(configuration)
      // On a busy machine it may need more than one attempt.
      while try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1)).label != "delivered" {}
      // To every call: one that passed its limit before may come late.
      service.alwaysAnswer(.silence)
      #expect(try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 2)).label == "retry timeout")
      try await delivery.close()
    }
  }

  private static func deliver(_ configuration: GRPCDeliveryConfiguration) async throws -> DeliveryOutcome {
    var configuration = configuration
    configuration.timeout = .seconds(120)
    configuration.connectTimeout = .seconds(20)
    let delivery = try GRPCDelivery(configuration)
    let outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1))
    try await delivery.close()
    return outcome
  }

  private static func serve(
    _ security: HTTP2ServerTransport.Posix.TransportSecurity, _ service: UpstreamService = UpstreamService(),
    _ body: (Int) async throws -> Void
  ) async throws {
    let server = UpstreamServer(service, security: security)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let result: Result<Void, any Error>
      do { result = .success(try await body(try await server.boundPort())) } catch { result = .failure(error) }
      group.cancelAll()
      while let end = await group.nextResult() { _ = end }
      try result.get()
    }
  }
}

/// A certificate for `localhost` that vouches for itself, made for one test.
struct Certificates {
  private static let program = "/usr/bin/openssl"
  static var canMake: Bool { FileManager.default.isExecutableFile(atPath: program) }

  private let folder: URL
  var certificatePath: String { folder.appending(path: "certificate.pem").path }
  var keyPath: String { folder.appending(path: "key.pem").path }
  var certificate: TLSConfig.CertificateSource { .file(path: certificatePath, format: .pem) }
  var key: TLSConfig.PrivateKeySource { .file(path: keyPath, format: .pem) }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
      "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", keyPath, "-out",
      certificatePath,
    ]
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  func remove() {
    do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(folder.path) remains: \(error)") }
  }
}
