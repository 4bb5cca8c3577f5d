using System.Text.RegularExpressions;

namespace BoxerMpi.Architecture.Tests;

/// <summary>Words that some files must not contain; each rule lists the places, one line a place.</summary>
internal static partial class TextRules
{
    /// <summary>What is checked in is finished.</summary>
    public static IEnumerable<string> Unfinished(IEnumerable<SourceText> files) => Find(files, UnfinishedWords());

    /// <summary>Tests wait for events, never for a while.</summary>
    public static IEnumerable<string> Sleeps(IEnumerable<SourceText> files) => Find(files, SleepingCalls());

    /// <summary>Who uses a library has no command line: its messages name settings.</summary>
    public static IEnumerable<string> Options(IEnumerable<SourceText> files) => Find(files, CommandLineOptions());

    /// <summary>A dollar sign also matches before a line break at the end, and lets in what is no name.</summary>
    public static IEnumerable<string> LooseEnds(IEnumerable<SourceText> files) => Find(files, DollarAnchors());

    private static IEnumerable<string> Find(IEnumerable<SourceText> files, Regex words)
    {
        foreach (SourceText file in files)
        {
            foreach (Match match in words.Matches(file.Text))
            {
                int line = file.Text.AsSpan(0, match.Index).Count('\n') + 1;
                yield return $"{file.Path}:{line}: {match.Value}";
            }
        }
    }

    [GeneratedRegex(@"\b(TODO|FIXME)\b|\bNotImplementedException\b", RegexOptions.CultureInvariant)]
    private static partial Regex UnfinishedWords();

    [GeneratedRegex(@"\bThread\s*\.\s*Sleep\b|\bTask\s*\.\s*Delay\b", RegexOptions.CultureInvariant)]
    private static partial Regex SleepingCalls();

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z-]*(?=[^""\n]*"")(?<=^(?!\s*//)[^\n]*""[^""\n]*)", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex CommandLineOptions();

    [GeneratedRegex(@"Regex(\.\w+)?\([^)""]*@?""\^[^\n]*\$""", RegexOptions.CultureInvariant)]
    private static partial Regex DollarAnchors();
}
