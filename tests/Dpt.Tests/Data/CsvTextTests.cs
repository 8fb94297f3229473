using FsCheck;
using FsCheck.Fluent;

namespace DPT.Engine.Dpt.Tests;

/// <summary>RFC 4180: its own examples, and that reading undoes writing for any text.</summary>
public class CsvTextTests
{
    /// <summary>The examples of section 2, with the line that each record begins on.</summary>
    [TestCase("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", "1:aaa|bbb|ccc", "2:zzz|yyy|xxx")]
    [TestCase("aaa,bbb,ccc\r\nzzz,yyy,xxx", "1:aaa|bbb|ccc", "2:zzz|yyy|xxx")]
    [TestCase("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx", "1:aaa|bbb|ccc", "2:zzz|yyy|xxx")]
    [TestCase("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", "1:aaa|b\r\nbb|ccc", "3:zzz|yyy|xxx")]
    [TestCase("\"aaa\",\"b\"\"bb\",\"ccc\"", "1:aaa|b\"bb|ccc")]
    [TestCase("a,,\n,\n\nb", "1:a||", "2:|", "3:", "4:b")]
    [TestCase("a\rb\nc", "1:a", "2:b", "3:c")]
    [TestCase("\"\"\n\" \"", "1:", "2: ")]
    [TestCase("\n\n")]
    [TestCase("")]
    public void Records_OfTheStandard_AreRead(string text, params string[] expected) => Assert.That(
        CsvText.Records(text).Select(record => $"{record.Line}:{string.Join('|', record.Fields)}"), Is.EqualTo(expected));

    [TestCase("a,b\"c", "line 1 has a quote inside")]
    [TestCase("x\n\"a\"b", "line 2 has text behind")]
    [TestCase("x\n\n\"a\nb", "line 3 has a quote that is never closed")]
    [TestCase("\"", "line 1 has a quote that is never closed")]
    public void Records_QuotesThatDoNotMatch_AreRefusedWithTheirLine(string text, string says) =>
        Assert.That(() => CsvText.Records(text), Throws.InstanceOf<InvalidDataException>().With.Message.Contains(says));

    [TestCase("plain", "plain")]
    [TestCase("a,b", "\"a,b\"")]
    [TestCase("a\"b", "\"a\"\"b\"")]
    [TestCase("a\nb", "\"a\nb\"")]
    [TestCase("", "")]
    public void Field_IsQuotedWhereItMustBe(string text, string expected) => Assert.That(CsvText.Field(text), Is.EqualTo(expected));

    [FsCheck.NUnit.Property]
    public Property Records_OfWrittenFields_GiveThemBack() => Prop.ForAll(_tables, table =>
    {
        var text = string.Concat(table.Select(row => string.Join(',', row.Select(CsvText.Field)) + "\n"));
        Assert.That(CsvText.Records(text).Select(record => record.Fields), Is.EqualTo(table));
    });

    /// <summary>Whatever stands there, reading ends, and with records or with one kind of exception.</summary>
    [FsCheck.NUnit.Property]
    public Property Records_OfAnything_AreRecordsOrAnExplanation() => Prop.ForAll(_texts, text =>
    {
        try
        {
            Assert.That(CsvText.Records(text).Select(record => record.Line), Is.Ordered);
        }
        catch (InvalidDataException error)
        {
            Assert.That(error.Message, Does.StartWith("line "));
        }
    });

    private static readonly Gen<string> _text =
        Gen.ArrayOf(Gen.Elements(',', '"', '\r', '\n', ' ', 'a', 'é', '\u2028', '\0')).Select(characters => new string(characters));

    private static readonly Arbitrary<string> _texts = _text.ToArbitrary();

    /// <summary>Tables that do not end in a blank line, which does not count.</summary>
    private static readonly Arbitrary<string[][]> _tables = Gen.ArrayOf(Gen.NonEmptyListOf(_text).Select(row => row.ToArray()))
        .Select(table => (string[][])[.. table, ["end"]]).ToArbitrary();
}
