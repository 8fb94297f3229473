namespace DPT.Engine.Dpt;

/// <summary>How a training that teaches nothing shows in its numbers (spec 2.2).</summary>
internal static class CollapseSign
{
    /// <summary>Share of the prototypes that there are images for, of which so few in use are too few.</summary>
    private const double FewUsed = 0.1;

    /// <summary>Share of the cross-entropy of one who guesses, ln P, at which nothing has been learned.</summary>
    private const double Guessing = 0.98;

    /// <summary>What happened and what to do, in one line; null if all is well.</summary>
    /// <param name="options">The training.</param>
    /// <param name="step">Updates so far: of the first half, and while the rate rises, nothing is said.</param>
    /// <param name="crossEntropy">Mean over the anchors.</param>
    /// <param name="used">Prototypes that are the first choice of some image of a step, the mean over steps.</param>
    public static string? Of(MsnOptions options, int step, double crossEntropy, double used)
    {
        if (step <= Math.Max(options.WarmUp, options.Steps / 2))
        {
            return null;
        }

        var (prototypes, guess) = (Math.Min(options.Prototypes, options.Views.Images), Math.Log(options.Prototypes));
        return used < Math.Max(1.5, FewUsed * prototypes)
            ? FormattableString.Invariant(
                $"the training has collapsed: {used:0.#} of {prototypes} prototypes are in use, so images have all but the same features; ")
            + "lower pretrain.learningRate, or raise pretrain.momentum or pretrain.batch"
            : crossEntropy > Guessing * guess
                ? FormattableString.Invariant(
                    $"nothing is learned: the cross-entropy is {crossEntropy:0.00}, and ln {options.Prototypes} = {guess:0.00} is what guessing has; ")
                + "raise pretrain.steps or pretrain.learningRate, or pretrain.smallFrom, so that views have more in common"
                : null;
    }
}
