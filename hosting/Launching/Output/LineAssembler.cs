using System.Buffers;
using System.Text;

namespace BoxerMpi.Launching.Output;

/// <summary>Cuts one stream of one rank into whole lines.</summary>
/// <remarks>Not thread-safe: one reader feeds it.</remarks>
internal sealed class LineAssembler
{
    /// <summary>A line longer than this is printed in pieces, so that a rank that never ends its line costs bounded memory.</summary>
    public const int LongestLineBytes = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _pending = new(256);

    public delegate void LineHandler(ReadOnlySpan<byte> line);

    /// <summary>Takes bytes as they came and hands out the lines that they complete, without their newline.</summary>
    public void Feed(ReadOnlySpan<byte> bytes, LineHandler line)
    {
        while (bytes.IndexOf((byte)'\n') is >= 0 and int end)
        {
            if (_pending.WrittenCount == 0)
                line(bytes[..end]);
            else
            {
                _pending.Write(bytes[..end]);
                line(_pending.WrittenSpan);
                _pending.ResetWrittenCount();
            }

            bytes = bytes[(end + 1)..];
        }

        _pending.Write(bytes);
        while (_pending.WrittenCount > LongestLineBytes)
        {
            int cut = CharacterBoundary(_pending.WrittenSpan, LongestLineBytes);
            line(_pending.WrittenSpan[..cut]);
            byte[] rest = _pending.WrittenSpan[cut..].ToArray();
            _pending.ResetWrittenCount();
            _pending.Write(rest);
        }
    }

    public bool HasUnfinished => _pending.WrittenCount > 0;

    /// <summary>Hands out what there is of an unfinished line, to its last whole character; what follows goes on behind it.</summary>
    public void TakeUnfinished(LineHandler part)
    {
        int whole = WholeCharacters(_pending.WrittenSpan);
        if (whole == 0)
            return;
        part(_pending.WrittenSpan[..whole]);
        byte[] rest = _pending.WrittenSpan[whole..].ToArray();
        _pending.ResetWrittenCount();
        _pending.Write(rest);
    }

    /// <summary>The stream has ended: hands out a last line that had no newline.</summary>
    public void End(LineHandler line)
    {
        if (_pending.WrittenCount > 0)
            line(_pending.WrittenSpan);
        _pending.ResetWrittenCount();
    }

    /// <summary>Length without a character at the end whose other bytes are still to come.</summary>
    private static int WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            if (Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == OperationStatus.NeedMoreData)
                return bytes.Length - back;
        }

        return bytes.Length;
    }

    /// <summary>The last place at or before <paramref name="at"/> where no UTF-8 character is cut.</summary>
    private static int CharacterBoundary(ReadOnlySpan<byte> bytes, int at)
    {
        // A continuation byte is 10xxxxxx and a character has at most three; more than that is not UTF-8 and may be cut anywhere.
        for (int back = 0; back < 4; back++)
        {
            if ((bytes[at - back] & 0xC0) != 0x80)
                return at - back;
        }

        return at;
    }
}
