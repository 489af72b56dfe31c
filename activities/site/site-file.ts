import { type SiteDocument, siteDocument } from '../../workflows/contract/site';
import { type ParsedFile, parseYamlFile } from './yaml-file';

/** Parses the text of a site file and finds everything that is wrong with it. */
export function parseSiteFile(file: string, text: string): ParsedFile<SiteDocument> {
  return parseYamlFile(siteDocument, file, text);
}
