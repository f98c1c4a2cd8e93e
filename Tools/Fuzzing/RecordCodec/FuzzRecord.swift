import TomboloPorts
import TomboloStorage

/// Reads fields as the first bytes say, until the record ends or refuses.
private func read(_ value: [UInt8], script: [UInt8]) {
  do throws(RecordError) {
    var decoder = try RecordDecoder(value, newestVersion: script.first ?? 1)
    for step in script {
      switch step % 7 {
      case 0: _ = try decoder.unsigned()
      case 1: _ = try decoder.signed()
      case 2: _ = try decoder.count()
      case 3: _ = try decoder.byte()
      case 4:
        let bytes = try decoder.byteArray()
        precondition(bytes.count <= value.count, "an array is no longer than its record")
      case 5:
        let text = try decoder.string()
        precondition(text.utf8.count <= value.count, "a text is no longer than its record")
      default:
        _ = try decoder.operationID()
        _ = try decoder.timestamp()
      }
    }
  } catch {
    return
  }
}

private enum Field: Equatable {
  case unsigned(UInt64)
  case signed(Int64)
  case byte(UInt8)
  case bytes([UInt8])
  case text(String)
  case id(UInt64, UInt64)
}

private func fields(_ input: [UInt8]) -> [Field] {
  var fields: [Field] = []
  var rest = input[...]
  func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
  while let kind = rest.popFirst() {
    let part = rest.prefix(Int(kind >> 3))
    rest = rest.dropFirst(part.count)
    switch kind % 6 {
    case 0: fields.append(.unsigned(number(part)))
    case 1: fields.append(.signed(Int64(bitPattern: number(part))))
    case 2: fields.append(.byte(kind))
    case 3: fields.append(.bytes(Array(part)))
    case 4: fields.append(.text(String(decoding: part, as: UTF8.self)))
    default: fields.append(.id(number(part), UInt64(kind)))
    }
  }
  return fields
}

/// What was encoded is read as it was, and no changed byte of it is believed.
private func roundTrip(_ input: [UInt8]) {
  let fields = fields(input)
  var encoder = RecordEncoder(version: 3)
  for field in fields {
    switch field {
    case .unsigned(let value): encoder.append(value)
    case .signed(let value): encoder.append(value)
    case .byte(let value): encoder.append(value)
    case .bytes(let value): encoder.append(value)
    case .text(let value): encoder.append(value)
    case .id(let high, let low): encoder.append(OperationID(high: high, low: low))
    }
  }
  let value = encoder.sealed()
  do throws(RecordError) {
    var decoder = try RecordDecoder(value, newestVersion: 3)
    for field in fields {
      let found: Field
      switch field {
      case .unsigned: found = .unsigned(try decoder.unsigned())
      case .signed: found = .signed(try decoder.signed())
      case .byte: found = .byte(try decoder.byte())
      case .bytes: found = .bytes(try decoder.byteArray())
      case .text: found = .text(try decoder.string())
      case .id:
        let id = try decoder.operationID()
        found = .id(id.high, id.low)
      }
      precondition(found == field, "a field is read as it was written")
    }
    precondition(decoder.isAtEnd, "nothing is left over")
  } catch {
    preconditionFailure("what was written cannot be read: \(error)")
  }
  var changed = value
  changed[Int(input.first ?? 0) % changed.count] ^= 1 << ((input.last ?? 0) % 8)
  do throws(RecordError) {
    _ = try RecordDecoder(changed, newestVersion: 3)
    preconditionFailure("a changed bit is believed")
  } catch {
    return
  }
}

/// Parts of a key come back as they were, in their order, and other bytes are no key.
private func key(_ input: [UInt8]) {
  let text = String(decoding: input.dropFirst(), as: UTF8.self)
  var encoder = KeyEncoder(tag: 7)
  encoder.append(text)
  encoder.append(UInt64(input.count))
  var decoder = KeyDecoder(encoder.key, skipping: 1)
  precondition(decoder.string() == text && decoder.integer() == UInt64(input.count), "a key is read as it was built")
  var other = KeyDecoder(Key(input), skipping: 0)
  while other.string() != nil {}
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecord(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let mode = input.first else { return 0 }
  let rest = Array(input.dropFirst())
  let script = Array(rest.prefix(16))
  switch mode % 4 {
  case 0: read(Array(rest.dropFirst(16)), script: script)
  case 1:
    // With a checksum that is right, so that the fields behind it are tried.
    var sealed = Array(rest.dropFirst(16))
    withUnsafeBytes(of: CRC32C.checksum(sealed).littleEndian) { sealed.append(contentsOf: $0) }
    read(sealed, script: script)
  case 2: roundTrip(rest)
  default: key(rest)
  }
  return 0
}
