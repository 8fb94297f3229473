#:package ParquetSharp@25.0.1.2
#:property PublishAot=false
#:property AllowUnsafeBlocks=true

// Parquet files of images as the Hugging Face hub has them, written by Apache's own library (that of pyarrow), of the images of
// edm.zip. A folder of its own keeps the properties of the tests away:
//
//     cp make-parquet-files.cs /tmp && dotnet run /tmp/make-parquet-files.cs "$PWD/Files"

using System.IO.Compression;
using System.Runtime.InteropServices;
using ParquetSharp;
using ParquetSharp.Schema;

var files = args[0];
byte[][] images;
using (var archive = ZipFile.OpenRead(Path.Combine(files, "edm.zip")))
{
    images = [.. archive.Entries.Where(entry => entry.Name.EndsWith(".png")).OrderBy(entry => entry.FullName, StringComparer.Ordinal).Select(Content)];
}

var labels = Enumerable.Range(0, images.Length).Select(i => (long?)(i % 2)).ToArray();
const string Note = """{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}""";

Write("hub.parquet", "image", "label", labels, [5, 5, 4], Note, Repetition.Optional, builder => builder.Compression(Compression.Snappy));
Write("hub-plain.parquet", "img", "fine_label", labels, [14], null, Repetition.Required, builder => builder.Compression(Compression.Uncompressed)
    .DisableDictionary().DataPagesize(200).WriteBatchSize(3));
Write("hub-gzip.parquet", "image", "label", labels, [7, 7], null, Repetition.Optional, builder => builder.Compression(Compression.Gzip)
    .DataPageVersion(ParquetDataPageVersion.V2));
Write("hub-zstd.parquet", "image", "label", [.. labels.Select((label, i) => i < 4 ? label : null)], [14], Note, Repetition.Optional,
    builder => builder.Compression(Compression.Zstd).DictionaryPagesizeLimit(300).DataPagesize(300).WriteBatchSize(2));
Write("hub-delta.parquet", "image", "label", labels, [14], null, Repetition.Optional, builder => builder.Compression(Compression.Snappy)
    .DisableDictionary("label").Encoding("label", Encoding.DeltaBinaryPacked));

static byte[] Content(ZipArchiveEntry entry)
{
    using var stream = entry.Open();
    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    return bytes.ToArray();
}

void Write(
    string name, string image, string label, long?[] classes, int[] groups, string? note, Repetition repetition,
    Func<WriterPropertiesBuilder, WriterPropertiesBuilder> settings)
{
    using var schema = new GroupNode("schema", Repetition.Required,
    [
        new GroupNode(image, repetition,
        [
            new PrimitiveNode("bytes", repetition, LogicalType.None(), PhysicalType.ByteArray),
            new PrimitiveNode("path", Repetition.Optional, LogicalType.String(), PhysicalType.ByteArray),
        ]),
        new PrimitiveNode(label, Repetition.Optional, LogicalType.None(), PhysicalType.Int64),
    ]);
    using var builder = settings(new WriterPropertiesBuilder());
    using var properties = builder.Build();
    using var writer = new ParquetFileWriter(
        Path.Combine(files, name), schema, properties, note is null ? null : new Dictionary<string, string> { ["huggingface"] = note });
    var depth = (short)(repetition == Repetition.Optional ? 2 : 0);
    var first = 0;
    foreach (var count in groups)
    {
        using var group = writer.AppendRowGroup();
        WriteBytes(group, images[first..(first + count)], depth);
        WriteBytes(group, [.. Enumerable.Range(first, count).Select(i => i % 3 == 0 ? null : System.Text.Encoding.UTF8.GetBytes($"{i}.jpg"))], (short)(depth / 2 + 1));
        using var column = (ColumnWriter<long>)group.NextColumn();
        var some = classes[first..(first + count)];
        column.WriteBatch(count, [.. some.Select(label => (short)(label is null ? 0 : 1))], [], [.. some.OfType<long>()]);
        first += count;
    }

    writer.Close();
}

static unsafe void WriteBytes(RowGroupWriter group, byte[]?[] values, short depth)
{
    using var column = (ColumnWriter<ByteArray>)group.NextColumn();
    var handles = values.OfType<byte[]>().Select(value => (Handle: GCHandle.Alloc(value, GCHandleType.Pinned), value.Length)).ToList();
    ByteArray[] pinned = [.. handles.Select(item => new ByteArray(item.Handle.AddrOfPinnedObject(), item.Length))];
    column.WriteBatch(values.Length, depth == 0 ? [] : [.. values.Select(value => value is null ? (short)(depth - 1) : depth)], [], pinned);
    handles.ForEach(item => item.Handle.Free());
}
