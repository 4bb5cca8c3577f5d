using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace BoxerMpi.Launching.Programs;

/// <summary>The files that a project is built from, and a stamp that changes when one of them does.</summary>
/// <remarks>
/// Taken from the folders of the project and of all projects that it refers to, the build files above them, and what the
/// project files name elsewhere. Reading it takes milliseconds; asking MSBuild takes seconds.
/// </remarks>
internal sealed class ProjectInputs
{
    private static readonly string[] BuildFiles =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", "nuget.config", "NuGet.Config", ".editorconfig"];

    private static readonly HashSet<string> SkippedFolders =
        new(StringComparer.OrdinalIgnoreCase) { "bin", "obj", "node_modules", "TestResults" };

    private readonly SortedSet<string> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _projects = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    private ProjectInputs(string project) => AddProject(project);

    /// <summary>The project and all that it refers to.</summary>
    public IReadOnlySet<string> Projects => _projects;

    public static ProjectInputs Of(string project) => new(Path.GetFullPath(project));

    /// <summary>Names, lengths and times of all inputs, hashed, with <paramref name="salt"/> for what else matters.</summary>
    public string Stamp(string salt)
    {
        XxHash128 hash = new();
        hash.Append(Encoding.UTF8.GetBytes(salt));
        foreach (string path in _files)
        {
            FileInfo file = new(path);
            string line = file.Exists
                ? string.Create(CultureInfo.InvariantCulture, $"{path}\0{file.Length}\0{file.LastWriteTimeUtc.Ticks}\n")
                : $"{path}\0gone\n";
            hash.Append(Encoding.UTF8.GetBytes(line));
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private void AddProject(string project)
    {
        if (!_projects.Add(project))
            return;

        string folder = Path.GetDirectoryName(project)!;
        AddFolder(folder);
        for (string? above = folder; above is not null; above = Path.GetDirectoryName(above))
        {
            foreach (string name in BuildFiles)
            {
                string path = Path.Combine(above, name);
                if (File.Exists(path))
                    AddBuildFile(path);
            }
        }

        AddBuildFile(project);
    }

    private void AddFolder(string folder)
    {
        DirectoryInfo directory = new(folder);
        foreach (FileInfo file in directory.EnumerateFiles())
            _files.Add(file.FullName);
        foreach (DirectoryInfo child in directory.EnumerateDirectories())
        {
            // Links may lead back up.
            if (!SkippedFolders.Contains(child.Name) && !child.Name.StartsWith('.') && child.LinkTarget is null)
                AddFolder(child.FullName);
        }
    }

    /// <summary>Adds an MSBuild file and what it names outside of its own folder: projects, imports, linked files.</summary>
    private void AddBuildFile(string path)
    {
        _files.Add(path);
        if (Path.GetExtension(path) is not (".csproj" or ".fsproj" or ".vbproj" or ".props" or ".targets") || !_read.Add(path))
            return;

        XDocument document;
        try
        {
            document = XDocument.Load(path);
        }
        catch (XmlException)
        {
            // The build will say what is wrong with it.
            return;
        }

        string folder = Path.GetDirectoryName(path)!;
        foreach (XElement element in document.Descendants())
        {
            foreach (string name in (ReadOnlySpan<string>)["Include", "Project"])
            {
                if (element.Attribute(name)?.Value is { } value)
                    AddReference(folder, value, isProject: element.Name.LocalName == "ProjectReference");
            }
        }
    }

    private void AddReference(string folder, string value, bool isProject)
    {
        foreach (string item in value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string text = item.Replace("$(MSBuildThisFileDirectory)", "", StringComparison.OrdinalIgnoreCase).Replace('\\', '/');
            int wildcard = text.IndexOfAny(['*', '?']);
            if (text.Contains("$(", StringComparison.Ordinal) || !(isProject || text.Contains('/', StringComparison.Ordinal)))
                continue;

            if (wildcard >= 0)
            {
                string prefix = Path.GetFullPath(Path.Combine(folder, text[..(text.LastIndexOf('/', wildcard) + 1)]));
                if (Directory.Exists(prefix))
                    AddFolder(prefix);
                continue;
            }

            string path = Path.GetFullPath(Path.Combine(folder, text));
            if (!File.Exists(path))
                continue;
            if (isProject)
                AddProject(path);
            else
                AddBuildFile(path);
        }
    }
}
