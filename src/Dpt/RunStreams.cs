using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The streams of random numbers of a run, one per purpose. Everything random is addressed by (seed, stream, sample), so
/// a resumed run draws what the uninterrupted one would have drawn, and there is no generator state to save.
/// </summary>
internal static class RunStreams
{
    public const uint LabelledDraw = RandomStreams.FirstFree;
    public const uint UnlabelledDraw = RandomStreams.FirstFree + 1;
    public const uint LabelledView = RandomStreams.FirstFree + 2;
    public const uint WeakView = RandomStreams.FirstFree + 3;
    public const uint StrongView = RandomStreams.FirstFree + 4;
    public const uint DiffusionDraw = RandomStreams.FirstFree + 5;
    public const uint DiffusionView = RandomStreams.FirstFree + 6;
    public const uint DiffusionTime = RandomStreams.FirstFree + 7;
    public const uint DiffusionNoise = RandomStreams.FirstFree + 8;
    public const uint LabelDropout = RandomStreams.FirstFree + 9;
    public const uint SamplingNoise = RandomStreams.FirstFree + 10;
    public const uint TrainSubset = RandomStreams.FirstFree + 11;
    public const uint TestSubset = RandomStreams.FirstFree + 12;
    public const uint DevelopmentSubset = RandomStreams.FirstFree + 13;
    public const uint PseudoImageDraw = RandomStreams.FirstFree + 14;
    public const uint MixOrder = RandomStreams.FirstFree + 15;
    public const uint MixBox = RandomStreams.FirstFree + 16;
    public const uint DiffusionAugmentation = RandomStreams.FirstFree + 17;
    public const uint PatchDrop = RandomStreams.FirstFree + 18;
    public const uint PretrainDraw = RandomStreams.FirstFree + 19;
    public const uint PretrainView = RandomStreams.FirstFree + 20;
    public const uint LatentNoise = RandomStreams.FirstFree + 21;
    public const uint LatentView = RandomStreams.FirstFree + 22;

    /// <summary>The first of as many streams as there are classes: far behind all others, so that a new one of those moves no draw.</summary>
    public const uint SelfTrainingDraw = 1024;
}
