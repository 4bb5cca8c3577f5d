using System.Text;
using BoxerMpi.Launching.Output;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Cutting a stream of bytes into lines, however it arrives.</summary>
public sealed class LineAssemblerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Lines_are_the_same_whatever_the_pieces(int pieceBytes)
    {
        byte[] text = Encoding.UTF8.GetBytes("first\n\nthird \u00e9\u4e16\ud83d\ude00\r\nno newline");
        Assert.Equal(["first", "", "third \u00e9\u4e16\ud83d\ude00\r", "no newline"], Lines(text, pieceBytes));
    }

    [Fact]
    public void A_stream_that_ends_with_a_newline_has_no_empty_last_line() => Assert.Equal(["only"], Lines("only\n"u8.ToArray(), 4));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_endless_line_is_cut_between_characters(int shift)
    {
        // Four bytes a character, so every place of the cut within one comes up as the line is shifted.
        string text = new string('x', shift) + string.Concat(Enumerable.Repeat("\ud83d\ude00", LineAssembler.LongestLineBytes / 4));
        List<string> lines = Lines(Encoding.UTF8.GetBytes(text + "tail"), 64 * 1024);
        Assert.True(lines.Count > 1);
        Assert.All(lines, line => Assert.DoesNotContain('\ufffd', line));
        Assert.Equal(text + "tail", string.Concat(lines));
    }

    [Fact]
    public void Bytes_that_are_no_text_pass_through()
    {
        byte[] noise = new byte[LineAssembler.LongestLineBytes + 10];
        noise.AsSpan().Fill(0x80);
        List<byte> seen = [];
        LineAssembler lines = new();
        lines.Feed(noise, line => seen.AddRange(line));
        lines.End(line => seen.AddRange(line));
        Assert.Equal(noise, seen);
    }

    private static List<string> Lines(byte[] bytes, int pieceBytes)
    {
        List<string> seen = [];
        LineAssembler lines = new();
        foreach (byte[] piece in bytes.Chunk(pieceBytes))
            lines.Feed(piece, line => seen.Add(Encoding.UTF8.GetString(line)));
        lines.End(line => seen.Add(Encoding.UTF8.GetString(line)));
        return seen;
    }
}
