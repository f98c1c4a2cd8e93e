import FleetSimulation
import Foundation

/// Requests a second at the server against time, as SVG. The scale of requests is logarithmic: the two differ too much.
struct FleetPlot {
  let results: [(FleetConfiguration.Behaviour, FleetResult)]
  let serverRate: Double

  private static let (width, height) = (760.0, 360.0)
  private static let (left, right, top, bottom) = (70.0, 20.0, 40.0, 50.0)
  private static let (decadeLowest, decadeHighest) = (1, 6)

  private var secondMaximum: Int {
    let longest = results.map(\.1.requestsPerSecond.count).max() ?? 1
    return max(60, (longest + 59) / 60 * 60)
  }

  var svg: String {
    let (w, h) = (Int(Self.width), Int(Self.height))
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(w) \(h)\" font-family=\"sans-serif\" font-size=\"12\">",
      "<title>Requests a second at the server after an outage of an hour</title>",
      "<rect width=\"\(w)\" height=\"\(h)\" fill=\"#ffffff\"/>",
    ]
    lines += grid
    lines.append(rule(at: serverRate, "what the server bears"))
    for (index, (behaviour, result)) in results.enumerated() {
      let colour = ["#c0392b", "#1f6fb2"][index % 2]
      let points = result.requestsPerSecond.enumerated().map { second, count in
        "\(text(x(Double(second)))),\(text(y(Double(max(1, count)))))"
      }
      lines.append(
        "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\" points=\"\(points.joined(separator: " "))\"/>"
      )
      lines.append(
        "<text x=\"\(90 + index * 330)\" y=\"24\" fill=\"\(colour)\">\(behaviour.rawValue): peak \(result.peak) a second, "
          + "\(result.refusedCount) refused</text>")
    }
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  private var grid: [String] {
    var lines: [String] = []
    for decade in Self.decadeLowest...Self.decadeHighest {
      var value = 1
      for _ in 0..<decade { value *= 10 }
      let place = text(y(Double(value)))
      lines.append(
        "<line x1=\"\(text(Self.left))\" x2=\"\(text(Self.width - Self.right))\" y1=\"\(place)\" y2=\"\(place)\" stroke=\"#dddddd\"/>"
      )
      lines.append("<text x=\"\(text(Self.left - 8))\" y=\"\(place)\" text-anchor=\"end\">\(value)</text>")
    }
    let step = max(60, secondMaximum / 6 / 60 * 60)
    for second in stride(from: 0, through: secondMaximum, by: step) {
      lines.append(
        "<text x=\"\(text(x(Double(second))))\" y=\"\(text(Self.height - Self.bottom + 20))\" text-anchor=\"middle\">\(second)</text>"
      )
    }
    lines.append(
      "<text x=\"\(text(Self.width / 2))\" y=\"\(text(Self.height - 10))\" text-anchor=\"middle\">seconds since the network came back</text>"
    )
    return lines
  }

  private func rule(at value: Double, _ words: String) -> String {
    let place = text(y(value))
    return "<line x1=\"\(text(Self.left))\" x2=\"\(text(Self.width - Self.right))\" y1=\"\(place)\" y2=\"\(place)\" "
      + "stroke=\"#2e7d32\" stroke-dasharray=\"6 4\"/>"
      + "<text x=\"\(text(Self.width - Self.right))\" y=\"\(text(y(value) - 5))\" text-anchor=\"end\" fill=\"#2e7d32\">\(words)</text>"
  }

  private func x(_ second: Double) -> Double {
    Self.left + second / Double(secondMaximum) * (Self.width - Self.left - Self.right)
  }

  private func y(_ value: Double) -> Double {
    let (lowest, highest) = (Double(Self.decadeLowest), Double(Self.decadeHighest))
    let share = (max(lowest, log10(value)) - lowest) / (highest - lowest)
    return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
  }

  private func text(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
