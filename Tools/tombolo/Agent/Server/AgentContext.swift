import Hummingbird
import NIOCore

/// What a request comes with besides itself: the port it came in through.
struct AgentContext: InitializableFromSource {
  let port: Int?

  init(source: ApplicationRequestContextSource) {
    port = source.channel.localAddress?.port
  }
}
