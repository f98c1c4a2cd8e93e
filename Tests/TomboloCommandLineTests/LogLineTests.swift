import Logging
import TomboloComposition
import TomboloPorts
import Testing

@testable import TomboloProgram

@Suite("Lines of the log")
struct LogLineTests {
  private let line = LogLine(
    at: Timestamp(millisecondsSinceEpoch: 0), level: .info, label: "tombolo", message: "two\nlines",
    metadata: ["b": "with \"marks\"", "a": "plain", "c": ["x", ["y": "z"]]])

  @Test("Text has time, level, message and the metadata sorted, on one line")
  func text() {
    #expect(
      line.text(.text)
        == #"1970-01-01T00:00:00.000Z info     two lines a=plain b="with \"marks\"" c="[\"x\", [\"y\": \"z\"]]""#)
  }

  @Test("JSON is one object on one line, nested metadata kept as it is")
  func json() {
    #expect(
      line.text(.json)
        == #"{"level":"info","logger":"tombolo","message":"two\nlines","metadata":{"a":"plain","b":"with \"marks\"","c":["x",{"y":"z"}]},"time":"1970-01-01T00:00:00.000Z"}"#
    )
  }
}
