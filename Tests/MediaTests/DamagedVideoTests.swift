import Bytes
import TestSupport
import Testing

@testable import Media

@Suite("Damaged videos whose remaining frames are requested")
struct DamagedVideoTests {
  // MARK: - Numbers of frames

  @Test("frames keep the numbers of their time stamps, whatever the order of packets")
  func numbers() {
    let frames = DecodableFrames(
      packets: [0, 40, 20, 10, 30, 50], frames: [0, 10, 30, 50], lostCount: 2)
    #expect(frames.numbers == [0, 1, 3, 5])
    #expect(frames.count == 8 && frames.areNumbersExact)
    #expect((0..<9).filter(frames.contains) == [0, 1, 3, 5])
  }

  static let unusable: [(packets: [Int?], frames: [Int?])] = [
    ([0, nil, 20], [0, 20]), ([0, 10, 10], [0, 10]), ([0, 10, 20], [0, 15]),
    ([0, 10, 20], [10, 0]), ([0, 10, 20], [0, nil]),
  ]

  @Test("without usable time stamps frames are counted", arguments: unusable.indices)
  func counted(_ index: Int) {
    let (packets, found) = Self.unusable[index]
    let frames = DecodableFrames(packets: packets, frames: found, lostCount: -4)
    #expect(frames.numbers == [0, 1])
    #expect(frames.count == 3 && !frames.areNumbersExact)
  }

  // MARK: - Videos

  /// Indexes of the frames that come one after the other, and of those among the last six that can
  /// be asked for.
  private func frames(_ path: String) throws -> (following: [Int], single: [Int], count: Int?) {
    var source = try FrameSource(path: path, toleratesDamage: true)
    var following: [Int] = []
    while let (index, _) = try source.nextWithIndex() { following.append(index) }
    let count = source.frameCount
    var single: [Int] = []
    // Backwards, so that each needs a new start.
    for index in (0..<(count ?? 0)).suffix(6).reversed() {
      do throws(Failure) {
        _ = try source.frame(at: index)
        single.insert(index, at: 0)
      } catch {
        #expect(error.kind == .badInput)
      }
    }
    expectFailure("video.frame", .usage) { try source.frame(at: count ?? 0) }
    return (following, single, count)
  }

  @Test("a frame of zeros is missing, the others keep their numbers", .enabled(if: hasFFmpeg))
  func hole() throws {
    try withTemporaryFolder { folder in
      let picture = try Fixture.bytes("baseline420_37x29.jpg")
      let zeros = [UInt8](repeating: 0, count: picture.count)
      let path = "\(folder)/a.avi"
      try PictureFile.write(
        DemuxerTrickTests.avi(frames: [picture, zeros, picture, zeros, picture, picture]), to: path)
      expectFailure("video.damaged", .badInput) {
        var source = try FrameSource(path: path)
        while try source.next() != nil {}
      }
      let found = try frames(path)
      #expect(found.following == [0, 2, 4, 5])
      #expect(found.single == found.following)
      #expect(found.count == 6)
    }
  }

  @Test("of a video that is cut off the beginning comes", .enabled(if: hasFFmpeg))
  func cut() throws {
    try withTemporaryFolder { folder in
      let writer = try VideoWriter(path: "\(folder)/a.mp4", width: 64, height: 48)
      for level in 0..<20 {
        let colour = RGBColour(UInt8(12 * level), 90, 40)
        try writer.append(RGBImage(width: 64, height: 48, filledWith: colour))
      }
      try writer.finish()
      let whole = try frames("\(folder)/a.mp4")
      #expect(whole.following == Array(0..<20) && whole.single == Array(14..<20))
      let bytes = try Fixture.bytes(at: "\(folder)/a.mp4")
      try PictureFile.write(Array(bytes.prefix(bytes.count - 300)), to: "\(folder)/b.mp4")
      let found = try frames("\(folder)/b.mp4")
      // Frames are not stored in the order in which they are shown, so those lost are scattered.
      #expect((1..<20).contains(found.following.count), "\(found)")
      #expect(found.following.first == 0)
      #expect(found.single == found.following.filter { $0 >= 14 })
      #expect(found.count == 20)
    }
  }

  @Test("a file without any frame that can be decoded is refused", .enabled(if: hasFFmpeg))
  func nothing() throws {
    try withTemporaryFolder { folder in
      let zeros = [UInt8](repeating: 0, count: 500)
      let path = "\(folder)/a.avi"
      try PictureFile.write(DemuxerTrickTests.avi(frames: [zeros, zeros]), to: path)
      expectFailure("video.damaged", .badInput) {
        try FrameSource(path: path, toleratesDamage: true)
      }
    }
  }

  @Test("a survey that crashes or hangs midway counts as far as it came, or fails")
  func survey() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: "\(folder)/a.mp4")
      let lines = "frame|best_effort_timestamp=0\\nframe|best_effort_timestamp=1\\nfra"
      for (end, code) in [("kill -SEGV $$", nil), ("exec sleep 30", "video.decoder_stalled")] {
        // Three packets that are shown, one that is not, and five of which nothing came.
        let packets = ["0|flags=K_", "1|flags=__", "2|flags=__", "-1|flags=_D"]
          .map { "packet|stream_index=0|pts=\($0)\\n" }.joined()
        let stream = "stream|index=0|codec_type=video|nb_frames=9\\n"
        let prober = try BadVideoTests.fake(
          "case \"$*\" in *packet=*) printf '\(packets)\(stream)'; echo cut >&2;; "
            + "*) printf '\(lines)'; \(end);; esac", in: folder, name: "prober")
        let decoder = try BadVideoTests.fake(
          "for i in 1 2; do printf 'P6\\n1 1\\n255\\nabc'; done; kill -SEGV $$", in: folder,
          name: "decoder")
        func open() throws(Failure) -> VideoFrames {
          try VideoFrames(
            path: "\(folder)/a.mp4", toleratesDamage: true,
            programs: .init(
              decoder: decoder, prober: prober, patience: code == nil ? 20_000 : 300))
        }
        if let code {
          expectFailure(code, .badInput, open)
        } else {
          let video = try open()
          #expect(video.frameCount == 8)
          #expect((0..<9).filter(video.mayHave) == [0, 1])
          #expect(try video.next() != nil && video.next() != nil)
          #expect(try video.next() == nil)
        }
      }
    }
  }

  // MARK: - Folders

  @Test("frames of a folder that cannot be read, or have another size, are missing")
  func folder() throws {
    try withTemporaryFolder { folder in
      let good = try Fixture.bytes("baseline420_37x29.jpg")
      let other = try Fixture.bytes("orientation6.jpg")
      for (index, bytes) in [[1, 2], good, Array(good.prefix(60)), other, good].enumerated() {
        try PictureFile.write(bytes, to: "\(folder)/\(index).jpg")
      }
      expectFailure("image.format", .badInput) { try FrameSource(path: folder) }
      let found = try frames(folder)
      #expect(found.following == [1, 4])
      #expect(found.single == [1, 4])
      #expect(found.count == 5)
    }
  }

  @Test("a folder of which no frame can be read fails as its first")
  func badFolder() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([1, 2], to: "\(folder)/0.jpg")
      try PictureFile.write(
        Array(Fixture.bytes("baseline420_37x29.jpg").prefix(60)), to: "\(folder)/1.jpg")
      expectFailure("image.format", .badInput) {
        try FrameSource(path: folder, toleratesDamage: true)
      }
    }
  }
}
