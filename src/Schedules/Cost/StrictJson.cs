using System.Text;
using System.Text.Json;

namespace BoxerMpi.Schedules;

/// <summary>Reads JSON that people wrote: every mistake is told with its line.</summary>
internal sealed class StrictJson
{
    private readonly byte[] _text;
    private JsonReaderState _state = new(new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
    private int _consumed;
    private int _tokenStart;
    private JsonTokenType _token;
    private string _value = "";
    private double _number;

    public StrictJson(string json)
    {
        _text = Encoding.UTF8.GetBytes(json);
        Next();
    }

    /// <summary>The line of the value that is read next.</summary>
    public int Line => LineOf(_tokenStart);

    /// <summary>An error at the value that is read next, with its line in front.</summary>
    public ArgumentException Error(string what) => ErrorAt(Line, what);

    public static ArgumentException ErrorAt(int line, string what) => new($"line {line}: {what}.");

    /// <summary>Reads an object; <paramref name="member"/> reads the value of each name it is given.</summary>
    public void ReadObject(Action<string> member)
    {
        Expect(JsonTokenType.StartObject, "an object, { … }");
        Next();
        while (_token == JsonTokenType.PropertyName)
        {
            string name = _value;
            Next();
            int before = _consumed;
            member(name);
            if (_consumed == before)
                throw Error($"the value of '{name}' is not read");
        }

        Expect(JsonTokenType.EndObject, "the end of an object, }");
        Next();
    }

    /// <summary>Reads an array; <paramref name="element"/> reads each of its elements.</summary>
    public void ReadArray(Action element)
    {
        Expect(JsonTokenType.StartArray, "an array, [ … ]");
        Next();
        while (_token != JsonTokenType.EndArray)
            element();
        Next();
    }

    public string ReadText()
    {
        Expect(JsonTokenType.String, "a text in quotes");
        string value = _value;
        Next();
        return value;
    }

    public double ReadNumber()
    {
        Expect(JsonTokenType.Number, "a number");
        double value = _number;
        Next();
        return value;
    }

    public void End() => Expect(JsonTokenType.None, "nothing more");

    private void Expect(JsonTokenType token, string expected)
    {
        if (_token != token)
            throw Error($"here stands {expected}");
    }

    private void Next()
    {
        // A reader is a ref struct; what it knows is kept between calls in its state.
        Utf8JsonReader reader = new(_text.AsSpan(_consumed), isFinalBlock: true, _state);
        try
        {
            _token = reader.Read() ? reader.TokenType : JsonTokenType.None;
        }
        catch (JsonException exception)
        {
            // The state counts lines on over the pieces.
            long line = (exception.LineNumber ?? 0) + 1;
            throw new ArgumentException($"line {line}: {exception.Message.Split(". ")[0]}.", exception);
        }

        int start = _consumed;
        _consumed += (int)reader.BytesConsumed;
        _state = reader.CurrentState;
        if (_token == JsonTokenType.None)
        {
            _tokenStart = _text.Length;
            return;
        }

        _tokenStart = start + (int)reader.TokenStartIndex;
        if (_token is JsonTokenType.PropertyName or JsonTokenType.String)
            _value = reader.GetString()!;
        else if (_token == JsonTokenType.Number)
            _number = reader.GetDouble();
    }

    private int LineOf(int index) => 1 + _text.AsSpan(0, Math.Min(index, _text.Length)).Count((byte)'\n');
}
