using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Products that four warps make together (<c>wgmma</c>, sm_90a): D = A B^T + D, 64 rows of A and N of B, 16 terms, bf16 factors and fp32
/// sums. Factors lie in shared memory, as descriptors say, and are read in the background: neither they nor the registers of
/// the sums may be touched before <see cref="Wait0"/> or <see cref="Wait1"/>.
/// </summary>
/// <remarks>
/// The order is: <see cref="Fence"/> (registers that were touched are seen), products, <see cref="Commit"/>, and some time later a wait.
/// Sums stay in place: <c>sums = WarpGroup.Multiply(sums, a, b, keep)</c>. They are set to zero before the first product, by
/// <see cref="Sums64.Zero"/> before the fence, even where that does not keep them; otherwise the assembler waits after each. All 128 threads must come here with the same descriptors.
/// </remarks>
public static class WarpGroup
{
    /// <summary>Makes what was done to registers seen by the products that follow. Before the first, and after every other use of sums or fragments.</summary>
    [IntrinsicImplementation, PtxAsm("wgmma.fence.sync.aligned;")]
    public static void Fence()
    {
    }

    /// <summary>Makes a group of the products since the last group.</summary>
    [IntrinsicImplementation, PtxAsm("wgmma.commit_group.sync.aligned;")]
    public static void Commit()
    {
    }

    /// <summary>Waits for all groups of products.</summary>
    [IntrinsicImplementation, PtxAsm("wgmma.wait_group.sync.aligned 0;")]
    public static void Wait0()
    {
    }

    /// <summary>Waits for all groups of products but the latest.</summary>
    [IntrinsicImplementation, PtxAsm("wgmma.wait_group.sync.aligned 1;")]
    public static void Wait1()
    {
    }

    /// <summary>The same number for all lanes, lane 0's: what tells the assembler that warps do not diverge by it.</summary>
    [IntrinsicImplementation, PtxAsm("shfl.sync.idx.b32 $d, $0, 0, 31, 0xffffffff;")]
    public static int Uniform(int value) => value;

    /// <summary>
    /// A factor with its terms adjacent, in rows of 128 bytes (64 terms) with the 128-byte swizzle, as copies with that swizzle
    /// bring it. The next 16 terms are 2 further, rows 8 further 64.
    /// </summary>
    /// <param name="address">In shared memory, a multiple of 1024.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ByTerms(int address) => (ulong)((uint)(address & 0x3ffff) >> 4) | (1UL << 16) | (64UL << 32) | (1UL << 62);

    /// <summary>
    /// A factor with its rows adjacent (of a product A B, B as it lies in memory): tiles of 64 rows by 8 terms with the 128-byte swizzle,
    /// 1024 bytes each, tiles of the next terms behind each other. The next 16 terms are 128 further.
    /// </summary>
    /// <param name="address">In shared memory, a multiple of 1024.</param>
    /// <param name="bytesOf64Rows">From 64 rows to the next 64: 128 times the terms of a tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ByRows(int address, int bytesOf64Rows) =>
        (ulong)((uint)(address & 0x3ffff) >> 4) | ((ulong)((uint)bytesOf64Rows >> 4) << 16) | (64UL << 32) | (1UL << 62);

    /// <summary>Sums of 16 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">16 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums16 Multiply(Sums16 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 16 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums16 MultiplyByRows(Sums16 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 16 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums16 MultiplyByRows(Sums16 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 32 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">32 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums32 Multiply(Sums32 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 32 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums32 MultiplyByRows(Sums32 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 32 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums32 MultiplyByRows(Sums32 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 64 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">64 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums64 Multiply(Sums64 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 64 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums64 MultiplyByRows(Sums64 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 64 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums64 MultiplyByRows(Sums64 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 96 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">96 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums96 Multiply(Sums96 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 96 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums96 MultiplyByRows(Sums96 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 96 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums96 MultiplyByRows(Sums96 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 128 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">128 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums128 Multiply(Sums128 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 128 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums128 MultiplyByRows(Sums128 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 128 columns, A by its rows and B by its terms.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1, 0; }")]
    public static Sums128 MultiplyRows(Sums128 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 128 columns, both factors by their rows.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1, 1; }")]
    public static Sums128 MultiplyRowsByRows(Sums128 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 128 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums128 MultiplyByRows(Sums128 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 192 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">192 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums192 Multiply(Sums192 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 192 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums192 MultiplyByRows(Sums192 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 192 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums192 MultiplyByRows(Sums192 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 256 columns, both factors by their terms.</summary>
    /// <param name="sums">What is added to.</param>
    /// <param name="a">64 rows of A (<see cref="ByTerms"/>).</param>
    /// <param name="b">256 rows of B.</param>
    /// <param name="keep">0 if the old sums do not count.</param>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 0; }")]
    public static Sums256 Multiply(Sums256 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 256 columns, A by its terms and B by its rows (<see cref="ByRows"/>).</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 0, 1; }")]
    public static Sums256 MultiplyByRows(Sums256 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 256 columns, A by its rows and B by its terms.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1, 0; }")]
    public static Sums256 MultiplyRows(Sums256 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>Sums of 256 columns, both factors by their rows.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1, 1; }")]
    public static Sums256 MultiplyRowsByRows(Sums256 sums, ulong a, ulong b, int keep) => throw OfAGroup();

    /// <summary>
    /// Sums of 256 columns, A in registers and B by its rows: a thread has of A, packed in pairs, row g at terms 2t, 2t + 1 (X) and 8
    /// more (Z), and row g + 8 (Y, W).
    /// </summary>
    [IntrinsicImplementation, PtxAsm("$d:=$0;{ .reg .pred p; setp.ne.b32 p, $3, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 $d, $1, $2, p, 1, 1, 1; }")]
    public static Sums256 MultiplyByRows(Sums256 sums, UInt4 a, ulong b, int keep) => throw OfAGroup();

    private static NotSupportedException OfAGroup() => new("an instruction of four warps has no meaning for one thread");
}
