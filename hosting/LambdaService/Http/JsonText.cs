using System.Text.Json;
using System.Text.Unicode;

namespace BoxerMpi.LambdaService.Http;

/// <summary>JSON that is passed on as it came and only looked at.</summary>
internal static class JsonText
{
    // A reader keeps a bit for each level, so depth costs nothing.
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Mistake(ReadOnlySpan<byte> text)
    {
        // The reader looks at the bytes of a string only when somebody asks for it.
        if (!Utf8.IsValid(text))
            return "Invalid UTF-8";
        try
        {
            Utf8JsonReader reader = new(text, AnyDepth);
            while (reader.Read())
            {
            }

            return null;
        }
        catch (JsonException wrong)
        {
            return wrong.Message;
        }
    }

    /// <summary>
    /// The same JSON in one line of printable bytes: where it is right, control characters are blanks between its parts, and DEL is within strings.
    /// </summary>
    public static string OneLine(string json) =>
        json.Replace('\n', ' ').Replace('\r', ' ').Replace('\t', ' ').Replace("\u007f", "\\u007f", StringComparison.Ordinal);
}
