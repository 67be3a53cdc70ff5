import Bytes
import Graph
import ModelFile

/// Everything that can be wrong in a file, each with the code of the failure it must end in.
///
/// The idea is that of llama.cpp's `test-gguf`.
enum Defect: String, CaseIterable {
  // Header.
  case wrongMagic, pytorchCheckpoint, lfsPointer, webPage, damagedHeader, newerMajor, olderMajor
  case reservedHeader, hugeFileSize, smallFileSize, noSections, manySections, tableElsewhere
  // Section table.
  case damagedTable, unknownFlag, reservedRow, offsetOverflow, lengthBeyondFile, missingSection
  case twiceTheSection, wrongFlags, unknownRequired, gapBefore, overlapping, descending
  case dirtyPadding, wrongHash
  // Metadata.
  case notJSON, notAnObject, spacesInJSON, duplicateKey
  // Tensor table.
  case manyTensors, fewTensors, unknownType, highRank, negativeSize, productOverflow
  case hugeSizeBesideZero, wrongLength, tensorGap, tensorOverlap, misaligned, duplicateTensor
  case emptyName, controlCharacter, notUTF8, shortTable, reservedTensorByte, wrongTensorChecksum
  // Graphs.
  case manyStrings, unsortedStrings, unusedString, manyNodes, unknownOperator, unknownActivation
  case unknownElement, surplusBytes, manyGraphs, missingWeight, otherWeightShape
  case useBeforeDefinition, twoResults, wrongType, noOutputs, twoGraphsOfAName, hugeDim, hugeShape,
    negativeDim
  case zeroTerm, unsortedTerms, zeroWindow, zeroHeight, infiniteScale, notANumber, noSuchOperand

  var code: String {
    switch self {
    case .wrongMagic, .pytorchCheckpoint, .lfsPointer, .webPage: "model.magic"
    case .damagedHeader: "model.header_crc"
    case .newerMajor, .olderMajor: "model.version"
    case .reservedHeader, .unknownFlag, .reservedRow, .reservedTensorByte: "model.reserved"
    case .smallFileSize: "model.trailing"
    case .hugeFileSize, .noSections, .manySections, .tableElsewhere, .offsetOverflow,
      .lengthBeyondFile, .missingSection, .twiceTheSection, .wrongFlags, .unknownRequired:
      "model.section"
    case .damagedTable: "model.section_crc"
    case .gapBefore, .descending, .tensorGap, .fewTensors, .misaligned: "model.hole"
    case .overlapping, .tensorOverlap: "model.overlap"
    case .dirtyPadding: "model.padding"
    case .wrongHash, .wrongTensorChecksum: "model.checksum"
    case .notJSON, .notAnObject, .spacesInJSON, .duplicateKey: "model.metadata"
    case .manyTensors, .unknownType, .highRank, .negativeSize, .productOverflow,
      .hugeSizeBesideZero, .wrongLength, .duplicateTensor, .shortTable:
      "model.tensor"
    case .emptyName, .controlCharacter, .notUTF8: "model.name"
    case .manyStrings, .unsortedStrings, .unusedString, .manyNodes, .unknownOperator,
      .unknownActivation, .unknownElement, .surplusBytes, .manyGraphs, .hugeDim, .hugeShape,
      .negativeDim, .zeroTerm, .unsortedTerms, .zeroWindow, .zeroHeight, .infiniteScale,
      .notANumber:
      "model.graph"
    case .missingWeight, .otherWeightShape: "model.weight"
    case .useBeforeDefinition, .noSuchOperand: "graph.order"
    case .twoResults: "graph.assignment"
    case .wrongType: "graph.type"
    case .noOutputs: "graph.outputs"
    case .twoGraphsOfAName: "graph.name"
    }
  }

  /// The tiny model's file with this defect in it.
  func file() throws -> [UInt8] {
    var file = CraftedFile(try ModelFile.encode(try SampleModels.tiny()))
    if try applyToContainer(&file) { return file.bytes() }
    if let start = impostor { return Array(start.utf8) + [UInt8](repeating: 0, count: 100) }
    if let metadata { file[1].content = Array(metadata.utf8) }
    if let table = tensorTable() { file[3].content = table }
    if let graphs = try graphs() { file[2].content = try GraphEncoder.encode(graphs) }
    if let change = byteChange { change(&file[2].content) }
    return file.bytes()
  }

  private var impostor: String? {
    switch self {
    case .pytorchCheckpoint: "PK\u{3}\u{4}"
    case .lfsPointer: "version https://git-lfs.github.com/spec/v1\noid sha256:"
    case .webPage: "<!DOCTYPE html>"
    default: nil
    }
  }

  private var metadata: String? {
    switch self {
    case .notJSON: "{"
    case .notAnObject: "[]"
    case .spacesInJSON: "{ }"
    case .duplicateKey: #"{"a":1,"a":1}"#
    default: nil
    }
  }
}

// MARK: - Container

extension Defect {
  /// True when the defect is one of header, section table or checksums.
  private func applyToContainer(_ file: inout CraftedFile) throws -> Bool {
    switch self {
    case .wrongMagic: file.magic[5] = 0x0A
    case .damagedHeader: file.headerCRCMask = 1
    case .newerMajor: file.major = 2
    case .olderMajor: file.major = 0
    case .reservedHeader: file.reserved = 1
    case .hugeFileSize: file.fileByteCount = .max
    case .smallFileSize: file.fileByteCount = 64
    case .noSections: file.sectionCount = 0
    case .manySections: file.sectionCount = .max
    case .tableElsewhere: file.tableOffset = 64
    case .damagedTable: file[2].crcMask = 0x8000
    case .unknownFlag: file[2].flags = 5
    case .reservedRow: file[2].reserved = 1
    case .offsetOverflow: file[2].offset = .max
    case .lengthBeyondFile: file[2].length = UInt64(Int.max)
    case .missingSection: file.sections.remove(at: 1)
    case .twiceTheSection: file.sections.append(file[1])
    case .wrongFlags: file[4].flags = 2
    case .unknownRequired: file.sections.append(.init(code: 9, flags: 1, content: [1, 2, 3]))
    case .gapBefore: file[3].gap = 64
    case .overlapping: file[2].offset = 64
    case .descending: swapRows(&file)
    case .dirtyPadding: file[4].paddingByte = 1
    case .wrongHash: file[2].hash = [UInt8](repeating: 7, count: 32)
    default: return false
    }
    return true
  }

  /// Rows in the wrong order, each with the true offset of its section.
  private func swapRows(_ file: inout CraftedFile) {
    file.sections.swapAt(0, 1)
    let first = file.sections[0]
    let firstEnd = 64 + first.content.count
    file.sections[0].offset = UInt64((firstEnd + 63) / 64 * 64)
    file.sections[1].offset = 64
  }
}

// MARK: - Tensor table

extension Defect {
  private struct Row {
    var name: [UInt8]
    var type: UInt8
    var dimensions: [UInt64]
    var offset: UInt64
    var length: UInt64
    var crc: UInt32
    var reserved: UInt8 = 0
    var rank: UInt8?

    var bytes: [UInt8] {
      var row: [UInt8] = [type, rank ?? UInt8(dimensions.count), UInt8(name.count), reserved]
      row += littleEndianBytes(crc)
      row += littleEndianBytes(offset)
      row += littleEndianBytes(length)
      for size in dimensions { row += littleEndianBytes(size) }
      return row + name
    }
  }

  /// The table of `w` f32 [2, 3] and `b` f16 [2], with one row wrong.
  private func tensorTable() -> [UInt8]? {
    let bits: [Float] = [1, 2, 3, -1, 0.5, 0]
    let crc = CraftedFile.crc(bits.flatMap { littleEndianBytes($0.bitPattern) })
    let halves: [Float16] = [0.25, -0.25]
    let halfCRC = CraftedFile.crc(halves.flatMap { littleEndianBytes($0.bitPattern) })
    var w = Row(name: [0x77], type: 1, dimensions: [2, 3], offset: 0, length: 24, crc: crc)
    var b = Row(name: [0x62], type: 2, dimensions: [2], offset: 64, length: 4, crc: halfCRC)
    var count: UInt32 = 2
    var rest: [UInt8] = []
    switch self {
    case .manyTensors: count = .max
    case .fewTensors: return littleEndianBytes(UInt32(1)) + w.bytes
    case .unknownType: w.type = 11
    case .highRank: w.rank = 9
    case .negativeSize: w.dimensions[0] = .max - 1
    case .productOverflow: w.dimensions = [1 << 40, 1 << 40]
    case .hugeSizeBesideZero: w.dimensions = [0, 1 << 41]
    case .wrongLength: w.length = 28
    case .tensorGap: b.offset = 128
    case .tensorOverlap: b.offset = 16
    case .misaligned: b.offset = 68
    case .duplicateTensor: b.name = w.name
    case .emptyName: w.name = []
    case .controlCharacter: w.name = [0x1B, 0x63]
    case .notUTF8: w.name = [0xFF]
    case .shortTable: rest = [0]
    case .reservedTensorByte: b.reserved = 1
    case .wrongTensorChecksum: b.crc ^= 1
    default: return nil
    }
    return littleEndianBytes(count) + w.bytes + b.bytes + rest
  }
}
