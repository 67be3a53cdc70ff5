import CKernels
import Testing

@Suite struct LevelTests {
  @Test func levelsAreOrderedAndNamed() {
    #expect(Level.all.first?.name == "scalar")
    #expect(Level.all.last?.isa == sam2_best_isa())
    #expect(Level.all.map(\.isa.rawValue) == Array(0...sam2_best_isa().rawValue))
    #expect(Set(Level.all.map(\.name)).count == Level.all.count)
  }

  @Test func featuresAgreeWithTheBestLevel() {
    let features = Int(sam2_cpu_features())
    let vnni = Int(SAM2_CPU_AVX512VNNI)
    let avx2 = Int(SAM2_CPU_AVX2)
    if sam2_best_isa() == SAM2_ISA_AVX512_VNNI { #expect(features & vnni != 0) }
    if sam2_best_isa().rawValue >= SAM2_ISA_AVX2.rawValue { #expect(features & avx2 != 0) }
    #expect(sam2_cpu_features() == sam2_cpu_features())
  }

  @Test func aLevelBeyondThisCPUHasNoTable() {
    #expect(sam2_kernels_for(sam2_isa(rawValue: sam2_best_isa().rawValue + 1)) == nil)
    #expect(sam2_peak_f32(sam2_isa(rawValue: 99), 1) == 0)
  }

  @Test(arguments: Level.all) func peakLoopsCountTheirWork(level: Level) {
    let once = sam2_peak_f32(level.isa, 1)
    #expect(once > 0)
    #expect(sam2_peak_f32(level.isa, 10) == 10 * once)
    #expect(sam2_peak_s8(level.isa, 10) == 10 * sam2_peak_s8(level.isa, 1))
  }
}
