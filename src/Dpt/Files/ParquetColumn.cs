namespace DPT.Engine.Dpt;

/// <summary>How the values of a column are stored.</summary>
internal enum ParquetKind
{
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    ByteArray,
    FixedLengthByteArray,
}

/// <summary>A column, or a structure of columns.</summary>
/// <param name="Kind">How its values are stored.</param>
/// <param name="Depth">How many of the structures that it lies in may be missing, and itself.</param>
/// <param name="IsList">Whether a row may have any number of values.</param>
internal readonly record struct ParquetColumn(ParquetKind Kind, int Depth, bool IsList)
{
    private const int Required = 0;
    private const int Repeated = 2;

    /// <summary>Whether it has one integer a row, or none.</summary>
    public bool HasIntegers => Kind is ParquetKind.Int32 or ParquetKind.Int64 && !IsList;

    /// <summary>Whether it has one string of bytes a row, or none.</summary>
    public bool HasBytes => Kind == ParquetKind.ByteArray && !IsList;

    /// <summary>What the file says of a column.</summary>
    /// <param name="element">Its description.</param>
    /// <param name="above">The structure that it lies in.</param>
    /// <exception cref="InvalidDataException">The description is damaged.</exception>
    public static ParquetColumn Of(ThriftStruct element, ParquetColumn above)
    {
        var repetition = element.Get(3, otherwise: (long)Required);
        return new ParquetColumn(
            (ParquetKind)element.Get(1, otherwise: 0L), above.Depth + (repetition == Required ? 0 : 1), above.IsList || repetition == Repeated);
    }
}
