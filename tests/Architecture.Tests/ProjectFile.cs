using System.Xml.Linq;

namespace BoxerMpi.Architecture.Tests;

/// <summary>What the rules need to know of a project file, or of a props file that adds to projects.</summary>
/// <param name="Path">From the root, with forward slashes.</param>
/// <param name="References">Referenced projects, as paths from the root.</param>
/// <param name="Packages">Referenced packages.</param>
/// <param name="Versioned">Packages whose version is written here and not in Directory.Packages.props.</param>
/// <param name="ForeignSources">Source files taken from outside of the project's folder.</param>
/// <param name="Properties">Properties that it sets, with their values.</param>
internal sealed record ProjectFile(
    string Path,
    IReadOnlyList<string> References,
    IReadOnlyList<string> Packages,
    IReadOnlyList<string> Versioned,
    IReadOnlyList<string> ForeignSources,
    ILookup<string, string> Properties)
{
    /// <summary>The top folder: src, hosting, launcher, examples, tests or bench.</summary>
    public string Area => Path.Split('/')[0];

    /// <summary>The folder in src or hosting, which is the layer's name.</summary>
    public string Layer => Path.Split('/') is ["src" or "hosting", string layer, ..] ? layer : "";

    public static ProjectFile Parse(string path, string xml)
    {
        XElement root = XDocument.Parse(xml).Root!;
        XElement[] packages = [.. root.Descendants("PackageReference").Where(item => Include(item) is not null)];
        return new(
            path,
            [.. root.Descendants("ProjectReference").Select(Include).OfType<string>().Select(include => Resolve(path, include))],
            [.. packages.Select(item => Include(item)!)],
            [.. packages.Where(HasVersion).Select(item => Include(item)!)],
            [.. root.Descendants("Compile").Select(Include).OfType<string>().Where(include => IsOutside(path, include))],
            root.Descendants("PropertyGroup").Elements().ToLookup(property => property.Name.LocalName, property => property.Value.Trim()));
    }

    private static string? Include(XElement item) => (item.Attribute("Include") ?? item.Attribute("Update"))?.Value;

    private static bool HasVersion(XElement item) =>
        new[] { "Version", "VersionOverride" }.Any(name => item.Attribute(name) is not null || item.Element(name) is not null);

    private static bool IsOutside(string path, string include) =>
        !Resolve(path, include).StartsWith(path[..(path.LastIndexOf('/') + 1)], StringComparison.Ordinal);

    /// <summary>A path in a project file, from the root; it starts with ".." when it leads out of the repository.</summary>
    private static string Resolve(string project, string include)
    {
        List<string> parts = [.. project.Split('/')[..^1]];
        foreach (string part in include.Replace('\\', '/').Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
                parts.RemoveAt(parts.Count - 1);
            else if (part != ".")
                parts.Add(part);
        }

        return string.Join('/', parts);
    }
}
