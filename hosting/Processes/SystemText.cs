using System.Buffers;
using System.Globalization;
using System.Text;

namespace BoxerMpi.Processes;

/// <summary>Bytes of the system as strings, and back: names, arguments and variables that are no UTF-8 keep every byte.</summary>
/// <remarks>
/// A byte that belongs to no character becomes a lone surrogate, U+DC00 + the byte, which no text holds (Python's PEP 383 does the same).
/// .NET itself writes such a surrogate as U+FFFD, so whoever opens a file asks <see cref="IsWhole"/> first, or <see cref="SystemFiles"/>.
/// </remarks>
internal static class SystemText
{
    private const char FirstByte = '\uDC80', LastByte = '\uDCFF';
    private const int Marked = 0xDC00;

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new(bytes.Length);
        while (!bytes.IsEmpty)
        {
            bool isCharacter = Rune.DecodeFromUtf8(bytes, out Rune character, out int count) == OperationStatus.Done;
            if (isCharacter)
                text.Append(character.ToString());
            else
            {
                foreach (byte single in bytes[..count])
                    text.Append((char)(Marked + single));
            }

            bytes = bytes[count..];
        }

        return text.ToString();
    }

    public static byte[] Encode(string text)
    {
        if (IsWhole(text))
            return Encoding.UTF8.GetBytes(text);

        ArrayBufferWriter<byte> bytes = new(text.Length);
        ForEach(
            text,
            character => bytes.Advance(character.EncodeToUtf8(bytes.GetSpan(4))),
            single => bytes.Write([single]));
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Whether it is text to its end, so that .NET can pass it on.</summary>
    public static bool IsWhole(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange(FirstByte, LastByte) < 0)
            return true;
        bool isWhole = true;
        ForEach(text, static _ => { }, _ => isWhole = false);
        return isWhole;
    }

    /// <summary>For people: a byte that is no text as <c>\xff</c>.</summary>
    public static string Show(string text)
    {
        if (IsWhole(text))
            return text;
        StringBuilder shown = new(text.Length);
        ForEach(
            text, character => shown.Append(character.ToString()), single => shown.Append(CultureInfo.InvariantCulture, $"\\x{single:x2}"));
        return shown.ToString();
    }

    private static void ForEach(ReadOnlySpan<char> text, Action<Rune> character, Action<byte> single)
    {
        while (!text.IsEmpty)
        {
            bool isCharacter = Rune.DecodeFromUtf16(text, out Rune rune, out int count) == OperationStatus.Done;
            if (!isCharacter && text[0] is >= FirstByte and <= LastByte)
                single((byte)(text[0] - Marked));
            else
                character(rune);
            text = text[count..];
        }
    }
}
