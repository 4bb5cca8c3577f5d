namespace BoxerMpi.Architecture.Tests;

/// <summary>The direction of references; each rule lists what breaks it, one line a breach.</summary>
internal static class ReferenceRules
{
    // Each layer may use those before it in its line; Wire and Topology use nothing, Aws only what Exchange is made of.
    private static readonly Dictionary<string, string[]> AllowedLayers = new()
    {
        ["Wire"] = [],
        ["Topology"] = [],
        ["Schedules"] = ["Wire", "Topology"],
        ["Transport"] = ["Wire"],
        ["Control"] = ["Wire", "Transport"],
        ["Coordinator"] = ["Wire", "Topology", "Transport", "Control"],
        ["Rendezvous"] = ["Wire", "Topology", "Transport", "Control"],
        ["Comm"] = ["Wire", "Topology", "Transport"],
        ["Collectives"] = ["Wire", "Topology", "Schedules", "Transport", "Comm"],
        ["Exchange"] = ["Wire", "Topology", "Schedules", "Transport", "Comm", "Collectives"],
        ["BoxerMpi"] = ["Wire", "Topology", "Schedules", "Transport", "Control", "Rendezvous", "Comm", "Collectives", "Exchange"],
        ["Aws"] = ["Wire", "Topology", "Schedules", "Transport", "Control", "Rendezvous", "Comm", "Collectives", "Exchange"],

        // Hosting: what the launcher is made of, beside its command line.
        ["Processes"] = [],
        ["NatLab"] = ["Wire", "Transport", "Processes"],
        ["Launching"] = ["Wire", "Topology", "Transport", "Control", "Coordinator", "Processes", "NatLab"],
        ["LambdaService"] = ["Wire", "Transport"],
        ["LambdaBootstrap"] = [],
        ["Functions"] = ["Wire", "Topology", "Transport", "Control", "Coordinator", "Aws", "Processes", "NatLab", "Launching", "LambdaService"],
    };

    // Examples are what a user writes, so they use the library only. Tests and benchmarks look at everything above them.
    private static readonly Dictionary<string, string[]> AllowedAreas = new()
    {
        ["src"] = ["src"],
        ["hosting"] = ["src", "hosting"],
        ["launcher"] = ["src", "hosting", "launcher"],
        ["examples"] = ["src"],
        ["bench"] = ["src", "hosting", "launcher", "examples", "bench"],
        ["tests"] = ["src", "hosting", "launcher", "examples", "bench", "tests"],
    };

    public static IEnumerable<string> Direction(IReadOnlyList<ProjectFile> projects)
    {
        Dictionary<string, ProjectFile> byPath = projects.ToDictionary(project => project.Path);
        foreach (ProjectFile project in projects)
        {
            if (!AllowedAreas.TryGetValue(project.Area, out string[]? areas))
            {
                yield return $"{project.Path} is in none of the folders {string.Join(", ", AllowedAreas.Keys)}";
                continue;
            }

            string[]? layers = null;
            bool isLayer = project.Area is "src" or "hosting";
            if (isLayer && !AllowedLayers.TryGetValue(project.Layer, out layers))
                yield return $"{project.Path} is a layer without a place in the order";

            foreach (string reference in project.References)
            {
                if (!byPath.TryGetValue(reference, out ProjectFile? target))
                    yield return $"{project.Path} references {reference}, which is not there";
                else if (!areas.Contains(target.Area) || (layers is not null && !layers.Contains(target.Layer)))
                    yield return $"{project.Path} may not use {reference}";
            }

            if (project.Area == "src")
            {
                foreach (string source in project.ForeignSources)
                    yield return $"{project.Path} compiles {source} from outside of its folder";
            }
        }
    }

    public static IEnumerable<string> Solution(IReadOnlyList<ProjectFile> projects, string solution)
    {
        string[] listed =
        [
            .. solution.Split('\n')
                .Where(line => line.StartsWith("Project(", StringComparison.Ordinal))
                .Select(line => line.Split('"')[5].Replace('\\', '/'))
                .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)),
        ];
        return
        [
            .. projects.Where(project => !listed.Contains(project.Path))
                .Select(project => $"{project.Path} is not in the solution"),
            .. listed.Where(path => projects.All(project => project.Path != path))
                .Select(path => $"the solution lists {path}, which is not there"),
        ];
    }

    /// <summary>Versions stand in one file; <paramref name="files"/> are projects and the props files that add packages to them.</summary>
    public static IEnumerable<string> Packages(IEnumerable<ProjectFile> files, IReadOnlyCollection<string> central)
    {
        foreach (ProjectFile file in files)
        {
            foreach (string package in file.Packages.Where(package => !central.Contains(package)))
                yield return $"{file.Path} uses {package}, which Directory.Packages.props does not have";
            foreach (string package in file.Versioned)
                yield return $"{file.Path} gives {package} a version of its own";
        }
    }

    /// <summary>All of src is ready for Native AOT: said once for all, taken back nowhere.</summary>
    public static IEnumerable<string> AheadOfTime(ProjectFile props, IEnumerable<ProjectFile> sourceProjects)
    {
        if (!props.Properties["IsAotCompatible"].SequenceEqual(["true"]))
            yield return $"{props.Path} does not set IsAotCompatible to true";
        foreach (ProjectFile project in sourceProjects.Where(project => project.Properties.Contains("IsAotCompatible")))
            yield return $"{project.Path} sets IsAotCompatible by itself";
    }
}
