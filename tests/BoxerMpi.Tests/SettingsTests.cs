namespace BoxerMpi.Tests;

/// <summary>What variables say.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("ON", true)]
    [InlineData(" Yes ", true)]
    [InlineData("0", false)]
    [InlineData("false", false)]
    [InlineData("off", false)]
    [InlineData("No", false)]
    [InlineData("", false)]
    [InlineData("  ", false)]
    [InlineData(null, false)]
    public void Switches_take_the_same_words(string? value, bool isOn)
    {
        Assert.Equal(isOn, Read("BOXER_STRICT", value).Messages(relay: false).Strict);
        Assert.Equal(isOn, Read("BOXER_CHECKSUM", value).Messages(relay: false).Checksums);
    }

    [Theory]
    [InlineData("BOXER_STRICT", "2")]
    [InlineData("BOXER_CHECKSUM", "maybe")]
    public void Other_words_are_refused_by_name(string name, string value)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Read(name, value).Messages(relay: false));
        Assert.Equal($"{name} is \"{value}\"; it takes 1, true, on or yes, or 0, false, off or no.", error.Message);
    }

    private static Settings Read(string name, string? value) =>
        new(new Dictionary<string, string>(), asked => asked == name ? value : null);
}
