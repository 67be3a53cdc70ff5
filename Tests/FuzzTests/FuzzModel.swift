import Bytes
import Graph

@testable import ModelFile

/// A model file; or, without its magic number, the contents of the sections.
///
/// Hashes would stop every change at the door. So the checksums of a file are corrected first, and
/// a file is built around sections, which `sectionMark` separates.
func fuzzModel(_ input: UnsafeRawBufferPointer) throws(Failure) {
  var file = Array(input)
  if file.starts(with: FileFormat.magic) {
    stampChecksums(&file)
  } else {
    file = modelFile(sections: file)
  }
  let storage = fenced(file)
  let loaded = try LoadedModelFile(storage)
  let model = loaded.model
  for name in model.weights.names {
    if let tensor = model.weights[name] { readAll(tensor) }
  }
  try loaded.verifyChecksums(progress: nil)
  // Additions of a later version are skipped, and so lost.
  guard loaded.header.minor == FileFormat.minorVersion(for: model.graphs),
    loaded.sections.allSatisfy({ $0.kind != nil })
  else { return }
  let again = try ModelFile.encode(model)
  precondition(again == file, "a model that is written in two ways")
}

/// Ends the content of a section.
private let sectionMark = Array("\n====\n".utf8)

/// The file whose sections are the pieces of `bytes`, in the order of their kinds.
private func modelFile(sections bytes: [UInt8]) -> [UInt8] {
  var file = [UInt8](repeating: 0, count: FileFormat.headerByteCount)
  var rows: [SectionEntry] = []
  var rest = bytes[...]
  for kind in SectionKind.allCases {
    let end = firstMark(in: rest) ?? rest.endIndex
    let content = rest[..<end]
    rest = rest[min(end + sectionMark.count, rest.endIndex)...]
    while file.count % kind.flags.alignment != 0 { file.append(0) }
    rows.append(
      SectionEntry(
        code: kind.rawValue, flags: kind.flags, offset: file.count, byteCount: content.count,
        sha256: sha256(content)))
    file += content
  }
  while file.count % FileFormat.alignment != 0 { file.append(0) }
  let header = FileHeader(
    sectionCount: rows.count, fileByteCount: file.count + rows.count * SectionEntry.byteCount,
    tableOffset: file.count)
  for row in rows { file += row.encoded() }
  file.replaceSubrange(0..<FileFormat.headerByteCount, with: header.encoded())
  return file
}

private func firstMark(in bytes: ArraySlice<UInt8>) -> Int? {
  bytes.indices.first { bytes[$0] == sectionMark[0] && bytes[$0...].starts(with: sectionMark) }
}

/// Corrects every checksum at the offsets that the header and the table give.
private func stampChecksums(_ file: inout [UInt8]) {
  guard file.count >= FileFormat.headerByteCount else { return }
  let table = integer(file, at: 24)
  let count = integer(file, at: 12) & 0xFFFF_FFFF
  if count <= UInt64(ModelFile.Limit.sections) {
    for index in 0..<count {
      let (row, isOutside) = table.addingReportingOverflow(index * 64)
      guard !isOutside, row <= UInt64(file.count), UInt64(file.count) - row >= 64 else { break }
      stampRow(&file, at: Int(row))
    }
  }
  stampCRC(&file, at: 0)
}

private func stampRow(_ file: inout [UInt8], at row: Int) {
  let (offset, count) = (integer(file, at: row + 8), integer(file, at: row + 16))
  let (end, isOutside) = offset.addingReportingOverflow(count)
  if !isOutside, end <= UInt64(file.count) {
    file.replaceSubrange((row + 24)..<(row + 56), with: sha256(file[Int(offset)..<Int(end)]))
  }
  stampCRC(&file, at: row)
}

/// Sets the last four of the 64 bytes at `start` to the checksum of the others.
private func stampCRC(_ file: inout [UInt8], at start: Int) {
  let checksum = file[start..<(start + 60)].withUnsafeBytes { CRC32.checksum($0) }
  file.replaceSubrange((start + 60)..<(start + 64), with: littleEndianBytes(checksum))
}

private func sha256(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
  var hash = ContentHash()
  bytes.withUnsafeBytes { hash.update($0) }
  return hash.value
}

private func integer(_ bytes: [UInt8], at offset: Int) -> UInt64 {
  (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
}
