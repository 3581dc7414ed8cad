/* Words for made-up values. They never change: the same key would give other results. */

/** 256 first names. */
export const FIRST_NAMES: readonly string[] = (
  "Aaron Abigail Adele Agnes Ahmed Aida Alan Albert Alejandro Alexandra Alfred Alice Alina Alma Amanda Amara " +
  "Amelia Amir Ana Andrea Andreas Angela Anita Anna Anton Astrid August Aurora Barbara Beatrice Ben Bernard " +
  "Bianca Boris Brenda Brian Bruno Carl Carla Carlos Carmen Caroline Cecilia Celine Charlotte Chiara Chloe " +
  "Christian Clara Claudia Colin Cora Cyril Dalia Damian Daniel Daria David Deborah Denis Diana Diego Dilan " +
  "Dominic Dylan Edgar Edith Eduardo Edward Elena Elias Elif Elisa Eliza Ella Elliot Elsa Emil Emma Enzo Erica " +
  "Erik Ernest Esther Eugene Eva Evan Fabian Farah Felicia Felix Fernando Fiona Flora Florian Frank Gabriel Gemma " +
  "George Gerard Gina Giulia Grace Gustav Hannah Harold Harriet Hassan Hector Helen Henry Hilda Hugo Ian Ibrahim " +
  "Ida Imani Ines Ingrid Irene Iris Isaac Isabel Ivan Jack Jacob Jana Jasmine Jean Joel Johanna John Jonas Jorge " +
  "Joseph Julia Julian Kamal Karen Karim Katrin Keira Kim Klara Kurt Lara Lars Laura Lea Leila Leo Leonard Lilian " +
  "Lisa Livia Lorenzo Louis Louise Lucas Lucia Luisa Magnus Malik Manuel Mara Marco Margaret Maria Mario Marlene " +
  "Martha Martin Mary Mateo Matilda Maurice Max Maya Melissa Michael Mila Milan Mina Miriam Mohamed Monica Moritz " +
  "Nadia Naomi Nathan Nico Nina Noah Nora Olga Oliver Olivia Omar Oscar Otto Pablo Pamela Patricia Paul Paula " +
  "Pedro Peter Philip Pia Priya Quentin Rachel Rafael Ralph Rashid Raymond Rebecca Renata Ricardo Richard Rita " +
  "Robert Rosa Ruben Ruth Samuel Sandra Sara Sebastian Selma Simon Sofia Sonia Stella Stephen Susan Sven Tamara " +
  "Tanja Theo Thomas Tim Tina Tobias Ursula Valentin Vera Victor Viola Walter Wanda William Yara Yusuf Zara Zoe"
).split(" ");

/** 256 last names. */
export const LAST_NAMES: readonly string[] = (
  "Abbott Abdi Acosta Adler Ahmad Albrecht Ali Allen Almeida Alvarez Andersen Anderson Archer Arnold Bailey Baker " +
  "Baldwin Barnes Bauer Becker Bell Bennett Berger Bergman Bianchi Bishop Blair Blanc Bloom Boyd Braun Brennan " +
  "Brooks Bruno Burke Burton Cabrera Campbell Carlsen Carpenter Carter Castillo Chambers Chan Chen Cohen Coleman " +
  "Collins Conrad Cook Cooper Costa Cox Craig Cruz Cunha Dahl Daly Davis Dean Delgado Diaz Dietrich Doyle Drake " +
  "Dubois Dunn Eaton Eberle Edwards Ellis Eriksen Esposito Evans Farmer Faure Ferrari Fischer Fisher Fleming " +
  "Flores Flynn Fontaine Foster Fox Frank Franke Fuchs Gallo Garcia Gardner Garnier Geiger Gibson Gomez Goodman " +
  "Graf Graham Grant Greco Green Gross Gruber Guerra Haas Hahn Hale Hall Hamilton Hansen Harper Harris Hart " +
  "Hartmann Hayes Heinrich Henderson Hermann Herrera Hoffman Holmes Horvath Howard Huber Hughes Hunter Hussain " +
  "Ibarra Iversen Jackson Jacobs Jansen Jimenez Johansson Jones Jordan Joshi Kaiser Kaufmann Keller Kelly Kent " +
  "Khan King Klein Knight Koch Kovacs Kowalski Kramer Krause Kumar Lambert Lang Larsen Leclerc Lee Lehmann Lewis " +
  "Lindberg Lloyd Lopez Lorenz Lund Maier Marino Marshall Martinez Mason Mayer Mendes Meyer Miller Mitchell " +
  "Moreau Moreno Morgan Morris Moser Murphy Nagy Nash Navarro Newman Nguyen Nielsen Novak Nunez Olsen Ortega " +
  "Ortiz Owens Palmer Park Parker Patel Pereira Perry Petersen Pfeiffer Pham Porter Powell Price Quinn Ramirez " +
  "Ramos Reed Reyes Ricci Richter Rios Rivera Roberts Romano Rossi Roth Rousseau Ruiz Russo Santos Sato Schmidt " +
  "Schneider Shah Sharma Shaw Silva Simon Singh Smith Sommer Stein Stewart Suzuki Svensson Tanaka Taylor Torres " +
  "Turner Vargas Vogel Wagner Walker Wang Watson Weber West White Winter Wolf Wright Young Zhang Ziegler " +
  "Zimmermann"
).split(" ");

/** 128 cities. */
export const CITIES: readonly string[] = (
  "Aberdeen Adelaide Alicante Almeria Amiens Ancona Angers Antwerp Arezzo Arnhem Aspen Athens Augsburg Austin " +
  "Avignon Baden Baltimore Bamberg Barnsley Basel Bath Bayreuth Bergen Berlin Bern Bilbao Boise Bologna Bonn " +
  "Boston Bradford Braga Bremen Brescia Brighton Bristol Brno Bruges Budapest Buffalo Burgos Cadiz Calgary " +
  "Cambridge Cardiff Catania Chester Chicago Coimbra Cologne Cordoba Cork Cremona Dallas Darmstadt Delft Denver " +
  "Derby Detroit Dijon Dortmund Dresden Dublin Dundee Durham Edmonton Eindhoven Erfurt Essen Evora Exeter Faro " +
  "Ferrara Florence Galway Gdansk Geneva Genoa Ghent Girona Glasgow Gouda Granada Haarlem Halifax Hamburg Hanover " +
  "Helsinki Houston Innsbruck Ipswich Jena Kassel Kiel Klagenfurt Krakow Lausanne Leeds Leiden Leipzig Leon Lille " +
  "Limerick Linz Lisbon Liverpool Lugano Lund Lyon Madrid Malmo Mannheim Marseille Memphis Messina Metz Milan " +
  "Modena Munich Nantes Naples Odense Oporto Orlando Oslo Ottawa Oxford Padua"
).split(" ");

/** What companies end with. */
export const COMPANY_FORMS: readonly string[] = ["Ltd", "Inc", "GmbH", "AG", "SA", "Group", "Partners", "Works"];
