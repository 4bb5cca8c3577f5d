using System.Xml.Linq;

namespace BoxerMpi.Architecture.Tests;

/// <summary>The rules, held by this repository.</summary>
public class RepositoryTests
{
    private static readonly string[] CodeAndBuild = [".cs", ".csproj", ".props", ".targets", ".sh"];

    [Fact]
    public void Projects_use_only_the_layers_below_them()
    {
        IReadOnlyList<ProjectFile> projects = Repository.Projects();
        string[] layers =
        [
            "Wire", "Topology", "Schedules", "Transport", "Control", "Coordinator", "Rendezvous", "Comm", "Collectives", "Exchange", "BoxerMpi",
            "Processes", "NatLab", "Launching", "LambdaService", "LambdaBootstrap", "Functions",
        ];
        Assert.Superset(layers.ToHashSet(), projects.Select(project => project.Layer).ToHashSet());
        Assert.Empty(ReferenceRules.Direction(projects));
    }

    [Theory]
    [InlineData("launcher", "BoxerMpi.Launcher")]
    [InlineData("hosting", "BoxerMpi")]
    public void A_namespace_is_a_folder(string folder, string name)
    {
        Assert.NotEmpty(Repository.Files(folder, ".cs"));
        Assert.Empty(FolderRules.Namespaces(folder, name, Repository.Texts(folder, ".cs")));
    }

    [Fact]
    public void The_folders_of_the_launcher_use_each_other_in_one_direction() =>
        Assert.Empty(FolderRules.Circles("launcher", "BoxerMpi.Launcher", Repository.Texts("launcher", ".cs")));

    [Fact]
    public void The_solution_lists_exactly_the_projects_that_are_there() =>
        Assert.Empty(ReferenceRules.Solution(Repository.Projects(), Repository.Read("BoxerMPI.sln")));

    [Fact]
    public void Package_versions_stand_in_one_file()
    {
        XDocument central = XDocument.Parse(Repository.Read("Directory.Packages.props"));
        string[] packages = [.. central.Descendants("PackageVersion").Select(item => item.Attribute("Include")!.Value)];
        ProjectFile[] props =
        [
            .. Repository.Texts("", ".props", ".targets")
                .Where(file => file.Path != "Directory.Packages.props")
                .Select(file => ProjectFile.Parse(file.Path, file.Text)),
        ];
        Assert.NotEmpty(packages);
        Assert.Contains(props, file => file.Packages.Count > 0);
        Assert.Empty(ReferenceRules.Packages([.. Repository.Projects(), .. props], packages));
    }

    [Fact]
    public void Every_library_project_is_ready_for_native_compilation()
    {
        // A nearer Directory.Build.props would hide the one of src.
        const string Props = "src/Directory.Build.props";
        Assert.Equal([Props], Repository.Files("src", ".props").Where(path => Path.GetFileName(path) == "Directory.Build.props"));
        Assert.Empty(ReferenceRules.AheadOfTime(
            ProjectFile.Parse(Props, Repository.Read(Props)), Repository.Projects().Where(project => project.Area == "src")));
    }

    [Theory]
    [InlineData("src")]
    [InlineData("hosting")]
    [InlineData("launcher")]
    [InlineData("examples")]
    public void Nothing_is_left_unfinished(string folder)
    {
        Assert.NotEmpty(Repository.Files(folder, CodeAndBuild));
        Assert.Empty(TextRules.Unfinished(Repository.Texts(folder, CodeAndBuild)));
    }

    [Theory]
    [InlineData("src")]
    [InlineData("hosting")]
    [InlineData("launcher")]
    [InlineData("examples")]
    public void Names_are_matched_to_their_end(string folder) => Assert.Empty(TextRules.LooseEnds(Repository.Texts(folder, ".cs")));

    [Fact]
    public void Libraries_name_no_options_of_a_command_line()
    {
        Assert.NotEmpty(Repository.Files("src", ".cs"));
        Assert.Empty(TextRules.Options(Repository.Texts("src", ".cs")));
    }

    [Fact]
    public void Tests_do_not_sleep()
    {
        Assert.Contains("tests/Architecture.Tests/RepositoryTests.cs", Repository.Files("tests", ".cs"));
        Assert.Empty(TextRules.Sleeps(Repository.Texts("tests", ".cs")));
    }

    [Fact]
    public void Files_are_found_without_build_output()
    {
        IReadOnlyList<string> files = Repository.Files("", ".cs", ".csproj", ".props");
        Assert.Contains("Directory.Build.props", files);
        Assert.Contains("src/Topology/Topology.cs", files);
        Assert.DoesNotContain(files, path => path.Split('/').Any(part => part is "bin" or "obj" || part.StartsWith('.')));
        Assert.Empty(Repository.Files("no-such-folder", ".cs"));
        Assert.Throws<DirectoryNotFoundException>(() => Repository.FindRoot(Path.GetPathRoot(Repository.Root)!));
    }
}
