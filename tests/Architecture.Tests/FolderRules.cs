using System.Text.RegularExpressions;

namespace BoxerMpi.Architecture.Tests;

/// <summary>The folders within one project; each rule lists what breaks it, one line a breach.</summary>
internal static partial class FolderRules
{
    /// <summary>A file's namespace is its folder's.</summary>
    /// <param name="folder">The project's folder, from the root.</param>
    /// <param name="name">The namespace of that folder.</param>
    /// <param name="files">The project's files.</param>
    public static IEnumerable<string> Namespaces(string folder, string name, IEnumerable<SourceText> files)
    {
        foreach (SourceText file in files)
        {
            string[] below = [.. file.Path[(folder.Length + 1)..].Split('/')[..^1]];
            string expected = string.Join('.', [name, .. below]);
            Match found = Namespace().Match(file.Text);
            if (found.Success && found.Groups[1].Value != expected)
                yield return $"{file.Path} is in {found.Groups[1].Value} instead of {expected}";
        }
    }

    /// <summary>
    /// Folders use each other in one direction: by the namespaces that their files import, and by the types above all folders that they
    /// name.
    /// </summary>
    /// <inheritdoc cref="Namespaces"/>
    public static IEnumerable<string> Circles(string folder, string name, IEnumerable<SourceText> files)
    {
        ILookup<string, SourceText> byFolder =
            files.ToLookup(file => file.Path[(folder.Length + 1)..].Split('/') is [string first, _, ..] ? first : "");
        string[] above = [.. byFolder[""].Select(file => Path.GetFileName(file.Path).Split('.')[0]).Where(type => type != "Program")];
        Dictionary<string, HashSet<string>> uses = byFolder.ToDictionary(
            one => one.Key,
            one => one.SelectMany(file => Used(file.Text, name, above)).Where(used => used != one.Key).ToHashSet());

        // What uses none of the rest, or is used by none of it, is in no circle.
        while (uses.Keys.FirstOrDefault(one => !uses[one].Overlaps(uses.Keys) || !uses.Values.Any(used => used.Contains(one))) is { } free)
            uses.Remove(free);
        if (uses.Count > 0)
        {
            IEnumerable<string> edges = uses.Keys.Order(StringComparer.Ordinal).Select(one =>
                $"{Shown(one)} uses {string.Join(" and ", uses[one].Where(uses.ContainsKey).Order(StringComparer.Ordinal).Select(Shown))}");
            yield return $"folders of {folder} are in a circle: {string.Join(", ", edges)}";
        }
    }

    private static string Shown(string folder) => folder.Length > 0 ? folder : "the top";

    private static IEnumerable<string> Used(string text, string name, string[] above)
    {
        foreach (Match import in Import().Matches(text))
        {
            if (import.Groups[1].Value.StartsWith(name + ".", StringComparison.Ordinal))
                yield return import.Groups[1].Value[(name.Length + 1)..].Split('.')[0];
        }

        if (Array.Exists(above, type => Regex.IsMatch(text, $@"\b{type}\b")))
            yield return "";
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using (?:\w+ = )?([\w.]+);", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Import();
}
