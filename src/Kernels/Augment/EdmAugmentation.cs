namespace DPT.Engine.Kernels;

/// <summary>
/// What EDM's pipe does to one image, with the settings of its CIFAR-10 models: the nine numbers that the network is told, and the map
/// that <see cref="AugmentEdmCall"/> follows. Source: method specification, section 4.9.
/// </summary>
/// <param name="Mirror">1 if columns run backwards.</param>
/// <param name="Turn">1 if rows run backwards.</param>
/// <param name="Scale">Scaled by 2^(0.2 of it).</param>
/// <param name="Angle">Rotated by, in radians.</param>
/// <param name="Stretch">Stretched by 2^(0.2 of it) along a direction, shrunk across it.</param>
/// <param name="Direction">That direction, in radians; it counts only where there is a stretch.</param>
/// <param name="Right">Shifted to the right by so many eighths of the image.</param>
/// <param name="Down">Shifted down.</param>
public readonly record struct EdmAugmentation(
    int Mirror, int Turn, double Scale, double Angle, double Stretch, double Direction, double Right, double Down)
{
    /// <summary>Numbers that the network is told.</summary>
    public const int Labels = EdmView.LabelLength;

    /// <summary>Numbers of a map.</summary>
    public const int MapLength = EdmView.MapLength;

    private const double Deviation = 0.2;
    private const double Shift = 0.125;
    private const double DirectionShare = 0.5;

    /// <summary>
    /// Draws an augmentation. A number and whether it counts are drawn one after the other, for each change in turn, whatever counts: the words
    /// of a change are at the same place of the stream for every image.
    /// </summary>
    /// <param name="random">The image's stream.</param>
    /// <param name="probability">Of each change, in [0, 1]; mirroring, which the images allow anyway, is drawn whenever it is above 0.</param>
    public static EdmAugmentation Sample(ref PhiloxStream random, double probability)
    {
        var mirror = Coin(ref random) * Kept(ref random, probability > 0 ? 1 : 0);
        var turn = Coin(ref random) * Kept(ref random, probability);
        var scale = random.NextNormal() * Kept(ref random, probability);
        var angle = Turned(ref random) * Kept(ref random, probability);
        var (stretch, direction) = (random.NextNormal(), Turned(ref random));
        stretch *= Kept(ref random, probability);
        direction *= Kept(ref random, DirectionShare);
        var (right, down) = (random.NextNormal(), random.NextNormal());
        var shifts = Kept(ref random, probability);
        return new(mirror, turn, scale, angle, stretch, direction, right * shifts, down * shifts);
    }

    /// <summary>Writes what the network is told.</summary>
    /// <param name="labels">Receives mirror, turn, scale, cos - 1 and sin of the angle, stretch right and down, shift right and down.</param>
    public void WriteLabels(Span<float> labels)
    {
        labels[0] = Mirror;
        labels[1] = Turn;
        labels[2] = (float)Scale;
        labels[3] = (float)(Math.Cos(Angle) - 1);
        labels[4] = (float)Math.Sin(Angle);
        labels[5] = (float)(Stretch * Math.Cos(Direction));
        labels[6] = (float)(Stretch * Math.Sin(Direction));
        labels[7] = (float)Right;
        labels[8] = (float)Down;
    }

    /// <summary>Writes the map from output to input, without the mirrors.</summary>
    /// <param name="size">Side of the image.</param>
    /// <param name="map">Receives its six numbers.</param>
    public void WriteMap(int size, Span<float> map)
    {
        var turn = Linear.Rotation(Angle);
        var stretch = Linear.Rotation(-Direction) * new Linear(Power(-Stretch), 0, 0, Power(Stretch)) * Linear.Rotation(Direction);
        var (xx, xy, yx, yy) = turn * (Stretch == 0 ? Linear.Identity : stretch);
        var (shrink, right, down) = (Power(-Scale), Shift * size * Right, Shift * size * Down);
        map[0] = (float)(shrink * xx);
        map[1] = (float)(shrink * xy);
        map[2] = (float)(-shrink * ((xx * right) + (xy * down)));
        map[3] = (float)(shrink * yx);
        map[4] = (float)(shrink * yy);
        map[5] = (float)(-shrink * ((yx * right) + (yy * down)));
    }

    private static double Power(double share) => Math.Pow(2, Deviation * share);

    private static int Coin(ref PhiloxStream random) => random.NextUniform() < 0.5f ? 0 : 1;

    private static int Kept(ref PhiloxStream random, double probability) => random.NextUniform() < probability ? 1 : 0;

    /// <summary>Uniform in [-pi, pi).</summary>
    private static double Turned(ref PhiloxStream random) => ((2.0 * random.NextUniform()) - 1) * Math.PI;

    /// <summary>A 2 x 2 matrix.</summary>
    private readonly record struct Linear(double Xx, double Xy, double Yx, double Yy)
    {
        public static Linear Identity => new(1, 0, 0, 1);

        public static Linear Rotation(double angle) => new(Math.Cos(angle), -Math.Sin(angle), Math.Sin(angle), Math.Cos(angle));

        public static Linear operator *(Linear a, Linear b) => new(
            (a.Xx * b.Xx) + (a.Xy * b.Yx), (a.Xx * b.Xy) + (a.Xy * b.Yy), (a.Yx * b.Xx) + (a.Yy * b.Yx), (a.Yx * b.Xy) + (a.Yy * b.Yy));
    }
}
